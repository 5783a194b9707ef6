#include "ledger/days/heard.h"

#include "ledger/days/aggregates.h"
#include "ledger/store/names.h"

/* Whoever is this old may be of a day that was added up already. */
#define OLD_MS (6 * MS_PER_HOUR)

static bool is_out_of_use(const struct reading *reading)
{
	switch (reading->up->heartbeat->state) {
	case CAREPACE__V1__DEVICE_STATE__DEVICE_FAULT:
	case CAREPACE__V1__DEVICE_STATE__DEVICE_QUARANTINED:
		return true;
	default:
		return false;
	}
}

static void touch_day(struct ledger *ledger, int64_t device, event_ms at)
{
	if (ledger->now - at > OLD_MS)
		aggregates_touch_device(ledger, device, at);
}

/* R22, R18: a test says nothing of its device, and what nobody can date has no minute. */
void heard_add(struct ledger *ledger, const struct reading *reading)
{
	bool is_dated = reading->ts_source == TS_DEVICE || reading->ts_source == TS_GATEWAY;

	if (ledger->config.is_recount || reading->is_test || !is_dated || reading->ts < 0)
		return;
	struct source_state *source = names_source(ledger, &reading->source);
	if (!source)
		return;
	struct heard_hour *known = &source->heard;
	int64_t hour = reading->ts / MS_PER_HOUR;
	uint64_t bit = UINT64_C(1) << reading->ts % MS_PER_HOUR / MS_PER_MINUTE;
	uint64_t out_bit = is_out_of_use(reading) ? bit : 0;
	if (known->hour != hour || source->heard_boot != reading->boot)
		*known = (struct heard_hour){.hour = hour};
	source->heard_boot = reading->boot;
	if ((known->heard & bit) && (known->out_of_use & out_bit) == out_bit)
		return;
	known->heard |= bit;
	known->out_of_use |= out_bit;
	db_run(&ledger->db,
	    "INSERT INTO heard(source, hour, boot, minutes, out_of_use) VALUES(?, ?, ?, ?, ?)"
	    " ON CONFLICT(source, hour, boot) DO UPDATE SET minutes = minutes | excluded.minutes,"
	    " out_of_use = out_of_use | excluded.out_of_use",
	    "iiiii", source->no, hour, (int64_t)reading->boot, (int64_t)bit, (int64_t)out_bit);
	touch_day(ledger, source->no, reading->ts);
}

void heard_forget_boot(struct ledger *ledger, const struct id *id, uint32_t boot)
{
	struct source_state *source = names_source(ledger, id);

	bool has_gone = db_value(&ledger->db, 0,
	    "SELECT 1 FROM boot WHERE source = ? AND boot = ? AND sealed > 0", "ii",
	    source ? source->no : 0, (int64_t)boot);

	if (!source || ledger->config.is_recount || has_gone)
		return;
	source->heard = (struct heard_hour){0};
	db_run(&ledger->db, "DELETE FROM heard WHERE source = ? AND boot = ?", "ii", source->no,
	    (int64_t)boot);
}

void heard_again(struct ledger *ledger, const struct reading *from, const struct reading *to)
{
	struct source_state *source = names_source(ledger, &from->source);

	if (source && from->ts != to->ts)
		touch_day(ledger, source->no, from->ts);
	heard_add(ledger, to);
}

bool heard_load(struct ledger *ledger, int64_t device, struct span span, struct downtime_input *out)
{
	struct heard_hour *hours = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT hour, minutes, out_of_use FROM heard WHERE source = ? AND hour BETWEEN ? AND ?"
	    " ORDER BY hour, boot",
	    "iii", device, (int64_t)(span.from / MS_PER_HOUR), (int64_t)(span.until / MS_PER_HOUR));

	while (db_next(&rows)) {
		struct heard_hour *grown =
		    arena_push(&ledger->work, hours, out->hour_count, &cap, sizeof(*hours));
		if (!grown) {
			db_fail(&ledger->db, CP_NOMEM, "out of memory for the beats of a day");
			break;
		}
		hours = grown;
		hours[out->hour_count++] = (struct heard_hour){
		    .hour = db_int(&rows, 0),
		    .heard = (uint64_t)db_int(&rows, 1),
		    .out_of_use = (uint64_t)db_int(&rows, 2),
		};
	}
	db_end(&rows);
	out->hours = hours;
	return !ledger->db.err;
}
