#include "ledger/judging/presence.h"

#include "care/policy.h"
#include "care/report/device_status.h"
#include "ledger/office/device_states.h"
#include "ledger/store/names.h"

static void touch(struct ledger *ledger, const struct source_state *source)
{
	if (!ledger->config.is_recount)
		touched_add(&ledger->touched[SUBJECT_PRESENCE], &ledger->scratch, source->no, true);
}

void presence_load(struct ledger *ledger, struct source_state *source)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT beat_at, beat_boot, beat_seq, battery, beat_state, (SELECT count(*)"
	    " FROM gap g WHERE g.source = s.no) FROM source s WHERE no = ?",
	    "i", source->no);

	if (!db_next(&rows))
		return;
	source->beat = (struct beat){
	    .at = db_int(&rows, 0),
	    .boot = (uint32_t)db_int(&rows, 1),
	    .seq = (uint32_t)db_int(&rows, 2),
	    .battery_pct = (int16_t)db_int(&rows, 3),
	    .state = (int8_t)db_int(&rows, 4),
	    .saved_at = db_int(&rows, 0),
	};
	source->gap_count = (uint32_t)db_int(&rows, 5);
	db_end(&rows);
}

/* --- heartbeats ------------------------------------------------------------------------ */

static void save_beat(struct ledger *ledger, struct source_state *source)
{
	struct beat *beat = &source->beat;

	db_run(&ledger->db,
	    "UPDATE source SET beat_at = ?, beat_boot = ?, beat_seq = ?, battery = ?,"
	    " beat_state = ? WHERE no = ?",
	    "iiiiii", (int64_t)beat->at, (int64_t)beat->boot, (int64_t)beat->seq,
	    (int64_t)beat->battery_pct, (int64_t)beat->state, source->no);
	beat->saved_at = beat->at;
}

/* What head office is told of a beat is not what it was told before. */
static bool is_told_otherwise(const struct beat *before, const struct beat *beat)
{
	return before->state != beat->state ||
	       battery_step(before->battery_pct) != battery_step(beat->battery_pct);
}

/* The deadline of the last judgement stands while beats come in time: it finds a newer
 * beat then. So only the first of a run, and one after silence, are news. */
void presence_beat(struct ledger *ledger, const struct reading *reading, wall_ms recv)
{
	const Carepace__V1__Heartbeat *heartbeat = reading->up->heartbeat;
	struct source_state *source = names_source(ledger, &reading->source);

	if (!source || ledger->config.is_recount || recv < source->beat.at)
		return;
	struct beat *beat = &source->beat;
	struct beat before = *beat;
	int64_t silence_ms =
	    MS_PER_SECOND * policy_number(&ledger->config.policy, PARAM_OFFLINE_SECONDS, recv);
	bool is_news = !beat->is_heard || recv - beat->at > silence_ms;

	beat->at = recv;
	beat->boot = reading->boot;
	beat->seq = reading->seq;
	beat->battery_pct =
	    heartbeat->has_battery_pct ? (int16_t)heartbeat->battery_pct : BATTERY_UNKNOWN;
	beat->state = (int8_t)heartbeat->state;
	beat->is_heard = true;
	bool is_told = is_told_otherwise(&before, beat);
	if (is_told)
		device_states_touch(ledger, source->no);
	if (is_news || is_told || recv - beat->saved_at >= BEAT_KEPT_MS)
		save_beat(ledger, source);
	if (is_news)
		touch(ledger, source);
}

/* --- gaps ----------------------------------------------------------------------------------- */

static void open_gap(struct ledger *ledger, struct source_state *source,
    const struct reading *reading, uint32_t first)
{
	if (source->gap_count == GAPS_MAX) {
		db_run(&ledger->db,
		    "DELETE FROM gap WHERE source = ?1 AND (boot, first) IN (SELECT boot, first"
		    " FROM gap WHERE source = ?1 ORDER BY since, boot, first LIMIT 1)",
		    "i", source->no);
		source->gap_count--;
	}
	db_run(&ledger->db,
	    "INSERT INTO gap(source, boot, first, last, after_boot, after_seq, since)"
	    " VALUES(?, ?, ?, ?, ?, ?, ?)",
	    "iiiiiii", source->no, (int64_t)reading->boot, (int64_t)first,
	    (int64_t)reading->seq - 1, (int64_t)source->boot, (int64_t)source->seq,
	    (int64_t)ledger->now);
	source->gap_count++;
	touch(ledger, source);
}

/* From the front a gap shrinks and stays the same one; what lies behind a message in its
 * middle is a gap of its own. */
static void fill_gap(
    struct ledger *ledger, struct source_state *source, const struct reading *reading)
{
	int64_t boot = reading->boot;
	int64_t seq = reading->seq;
	int64_t first = db_value(&ledger->db, 0,
	    "SELECT first FROM gap WHERE source = ? AND boot = ? AND first <= ? AND last >= ?",
	    "iiii", source->no, boot, seq, seq);

	if (!first)
		return;
	int64_t gone = db_run(&ledger->db,
	    "DELETE FROM gap WHERE source = ?1 AND boot = ?2 AND first = ?3 AND first = last",
	    "iii", source->no, boot, first);
	if (gone) {
		source->gap_count--;
		touch(ledger, source);
		return;
	}
	if (seq > first)
		source->gap_count += (uint32_t)db_run(&ledger->db,
		    "INSERT INTO gap(source, boot, first, last, after_boot, after_seq, since)"
		    " SELECT source, boot, ?3 + 1, last, boot, ?3, ?4 FROM gap"
		    " WHERE source = ?1 AND boot = ?2 AND first = ?5 AND last > ?3",
		    "iiiii", source->no, boot, seq, (int64_t)ledger->now, first);
	db_run(&ledger->db,
	    seq > first
	        ? "UPDATE gap SET last = ?3 - 1 WHERE source = ?1 AND boot = ?2 AND first = ?4"
	        : "UPDATE gap SET first = ?3 + 1 WHERE source = ?1 AND boot = ?2"
	          " AND first = ?4",
	    "iiii", source->no, boot, seq, first);
	if (seq > first)
		touch(ledger, source);
}

void presence_number(
    struct ledger *ledger, struct source_state *source, const struct reading *reading)
{
	bool is_known = source->seq > 0; /* else it was somebody else's until now */
	bool is_next_boot = reading->boot > source->boot;

	if (reading->seq == 0 || reading->kind >= READING_ORDER)
		return;
	if (is_known && is_next_boot && reading->seq > 1)
		open_gap(ledger, source, reading, 1);
	else if (is_known && reading->boot == source->boot && reading->seq > source->seq + 1)
		open_gap(ledger, source, reading, source->seq + 1);
	else if (source->gap_count > 0 && !is_next_boot && reading->seq < source->seq + 1)
		fill_gap(ledger, source, reading);
}

/* --- for the judge ----------------------------------------------------------------------- */

static void load_gaps(struct ledger *ledger, struct presence *out)
{
	struct gap *gaps = arena_zalloc(&ledger->work, (GAPS_MAX + 1) * sizeof(*gaps));
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT boot, first, last, after_boot, after_seq, since FROM gap WHERE source = ?"
	    " ORDER BY since DESC, boot, first LIMIT ?",
	    "ii", out->device, (int64_t)GAPS_MAX);

	while (gaps && db_next(&rows))
		gaps[out->gap_count++] = (struct gap){
		    .boot = (uint32_t)db_int(&rows, 0),
		    .first = (uint32_t)db_int(&rows, 1),
		    .last = (uint32_t)db_int(&rows, 2),
		    .after_boot = (uint32_t)db_int(&rows, 3),
		    .after_seq = (uint32_t)db_int(&rows, 4),
		    .since = db_int(&rows, 5),
		};
	db_end(&rows);
	out->gaps = gaps;
	if (!gaps)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the gaps of a device");
}

/* Found silent before, and still: a restart of the box makes no difference. */
static wall_ms offline_since(struct ledger *ledger, const struct presence *presence)
{
	char onset[FACT_NAME_BYTES];

	input_name(&presence->id, presence->beat.boot, presence->beat.seq, onset);
	return db_value(&ledger->db, TIME_NEVER,
	    "SELECT from_at FROM alert WHERE unit_kind = ? AND unit = ? AND check_id = ?"
	    " AND onset = ?",
	    "iiit", (int64_t)SUBJECT_PRESENCE, presence->device, (int64_t)CHECK_DEVICE_OFFLINE,
	    onset);
}

static void load_skew(struct ledger *ledger, struct presence *out)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT boot, skew_ms, skew_since FROM boot WHERE source = ? ORDER BY boot DESC LIMIT "
	    "1",
	    "i", out->device);

	if (!db_next(&rows))
		return;
	out->boot = (uint32_t)db_int(&rows, 0);
	out->skew_ms = db_int(&rows, 1);
	out->skew_since = db_int(&rows, 2);
	db_end(&rows);
}

bool presence_history(struct ledger *ledger, int64_t device, struct presence *out)
{
	struct id id;
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT id FROM source WHERE no = ?", "i", device);

	if (ledger->config.is_recount || !db_next(&rows))
		return false;
	id_from_bytes(&id, db_blob(&rows, 0));
	db_end(&rows);
	struct source_state *source = names_source(ledger, &id);
	if (!source)
		return false;
	*out = (struct presence){
	    .device = device,
	    .id = id,
	    .beat = {.at = source->beat.at, .boot = source->beat.boot, .seq = source->beat.seq},
	    .listening = ledger->opened_at,
	};
	out->offline_since = offline_since(ledger, out);
	load_gaps(ledger, out);
	load_skew(ledger, out);
	return !ledger->db.err;
}
