#include "ledger/judging/next_allowed.h"

#include "care/outlook.h"
#include "care/time/zone.h"
#include "ledger/box_clock.h"
#include "ledger/downs.h"

#include <inttypes.h>
#include <stdio.h>

static const struct session *last_treatment(const struct client_history *history)
{
	for (size_t i = history->session_count; i-- > 0;)
		if (history->sessions[i].is_exposing)
			return &history->sessions[i];
	return NULL;
}

static uint32_t zones_of_visit(const struct client_history *history, const struct session *last)
{
	uint32_t zones = last->zones;

	for (size_t i = 0; i < history->session_count; i++)
		if (history->sessions[i].visit == last->visit && history->sessions[i].is_exposing)
			zones |= history->sessions[i].zones;
	return zones;
}

static bool has_date(struct ledger *ledger, const struct session *session)
{
	const struct policy *policy = &ledger->config.policy;

	return session->state == SESSION_ENDED && !box_clock_in_doubt(ledger) &&
	       !policy_is_off(policy, CHECK_INTERVAL_TOO_SOON, ledger->now) &&
	       zone_day(policy->zone, session->end) == zone_day(policy->zone, ledger->now);
}

/* The client and the days, as they are compared and kept. */
#define TEXT_BYTES (24 + OUTLOOK_ZONES_MAX * 24)

static void write_text(
    int64_t client, const struct zones_outlook *days, size_t count, char out[TEXT_BYTES])
{
	int len = snprintf(out, TEXT_BYTES, "%" PRId64, client);

	for (size_t i = 0; i < count; i++)
		len += snprintf(out + len, TEXT_BYTES - (size_t)len, " %" PRIx32 ":%" PRId32,
		    days[i].zones, days[i].earliest_day);
}

/* True when it is to be told now. */
static bool is_news(
    struct ledger *ledger, const struct session *session, const char *text, bool is_loud)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT shown FROM session WHERE no = ?", "i", session->no);
	bool is_told = false;
	bool is_same = false;

	if (db_next(&rows)) {
		is_told = db_text(&rows, 0)[0] != '\0';
		is_same = strcmp(db_text(&rows, 0), text) == 0;
		db_end(&rows);
	}
	return is_told ? !is_same : is_loud && ledger->now - session->end <= LATE_AFTER_MS;
}

void next_allowed_settle(struct ledger *ledger, struct client_history *history, bool is_loud)
{
	const struct zone *zone = ledger->config.policy.zone;
	const struct session *last = last_treatment(history);
	struct zones_outlook days[OUTLOOK_ZONES_MAX];
	char text[TEXT_BYTES];

	if (ledger->config.is_recount || !last || !has_date(ledger, last))
		return;
	/* The clock of its device may run ahead of ours: its own treatment counts. */
	wall_ms at = ledger->now > last->end ? ledger->now : last->end;
	size_t count = outlook_of_zones(history, &ledger->config.policy, at,
	    zones_of_visit(history, last), last->course, &ledger->work, days);
	write_text(history->client, days, count, text);
	if (!is_news(ledger, last, text, is_loud))
		return;
	db_run(&ledger->db, "UPDATE session SET shown = ? WHERE no = ?", "ti", text, last->no);
	wall_ms until = zone_time_at(zone, zone_day(zone, ledger->now) + 1, 0);
	for (size_t i = 0; i < count; i++)
		downs_show_next_allowed(ledger, last, &days[i], until);
}
