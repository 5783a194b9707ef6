#include "ledger/forgets.h"

#include "base/hash.h"
#include "care/fact.h"
#include "care/session.h"
#include "care/time/civil.h"
#include "care/time/zone.h"
#include "ledger/days/civil_days.h"
#include "ledger/merges.h"
#include "ledger/parked.h"
#include "ledger/reach.h"
#include "ledger/store/down_rows.h"
#include "ledger/store/journal.h"
#include "ledger/store/names.h"

/* How long head office is told that an order is done: as long as something may be left. */
#define REPORTED_MS PARKED_KEPT_MS

static struct id alias_of(const struct ledger *ledger, const struct id *token)
{
	uint8_t full[HASH_BYTES];
	struct id alias;

	hash_hmac(ledger->config.box_key, slice_of(token->b, ID_BYTES), full);
	id_from_bytes(&alias, slice_of(full, ID_BYTES));
	return alias;
}

/* The key is known again by what it makes of nobody's token. */
static bool is_same_key(struct ledger *ledger)
{
	struct id mark = alias_of(ledger, &(struct id){0});
	struct slice bytes = slice_of(mark.b, ID_BYTES);

	return db_run(&ledger->db,
	           "INSERT INTO meta(name, value) VALUES('box_key', ?1) ON CONFLICT(name)"
	           " DO UPDATE SET value = ?1 WHERE value != ?1",
	           "b", bytes) == 0;
}

void forgets_open(struct ledger *ledger)
{
	ledger->has_forgotten = db_value(
	    &ledger->db, 0, "SELECT EXISTS(SELECT 1 FROM client WHERE alias IS NOT NULL)", "");
	ledger->is_log_due = ledger->has_forgotten && ledger->config.path;
	ledger->has_other_key = !is_same_key(ledger) && ledger->has_forgotten;
}

bool ledger_has_other_key(const struct ledger *ledger)
{
	return ledger->has_other_key;
}

/* What was parked has the alias already (strip). */
int64_t forgets_find(struct ledger *ledger, const struct id *token)
{
	if (!ledger->has_forgotten)
		return 0;
	struct id alias = alias_of(ledger, token);
	return db_value(&ledger->db, 0, "SELECT no FROM client WHERE alias IN (?, ?)", "bb",
	    slice_of(alias.b, ID_BYTES), slice_of(token->b, ID_BYTES));
}

event_ms forgets_since(struct ledger *ledger, int64_t client)
{
	if (!ledger->has_forgotten || !client)
		return TIME_NEVER;
	/* The facts of a history are mostly of one client. */
	if (ledger->since_of != client)
		ledger->forgotten_since = db_value(&ledger->db, TIME_NEVER,
		    "SELECT min(ts) FROM fact WHERE kind = ? AND subject = ? AND topic = ?", "iii",
		    (int64_t)SUBJECT_CLIENT, client, FACT_TOPIC(READING_CLIENT_FORGET, 0));
	ledger->since_of = client;
	return ledger->forgotten_since;
}

int64_t forgets_client(struct ledger *ledger, int64_t client, event_ms at)
{
	int64_t merged = merges_client(ledger, client);

	return at > forgets_since(ledger, merged) ? CLIENT_FORGOTTEN : merged;
}

/* --- what is parked ------------------------------------------------------------------------ */

/* A token as it may be written: bytes, digits, or JSON's base64 (proto3's mapping). */
#define FORMS 4

struct forms {
	uint8_t bytes[FORMS][ID_HEX_LEN + 1];
	size_t len[FORMS];
};

static void write_base64(const struct id *id, uint8_t out[24])
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < 24; i++) {
		size_t bit = i * 6;
		unsigned two = (unsigned)(bit / 8 < ID_BYTES ? id->b[bit / 8] : 0) << 8;
		two |= bit / 8 + 1 < ID_BYTES ? id->b[bit / 8 + 1] : 0;
		out[i] = bit < 8 * ID_BYTES ? (uint8_t)digits[two >> (10 - bit % 8) & 63] : '=';
	}
}

static struct forms forms_of(const struct id *id)
{
	struct forms forms = {.len = {ID_BYTES, ID_HEX_LEN, ID_HEX_LEN, 24}};

	memcpy(forms.bytes[0], id->b, ID_BYTES);
	id_hex(id, (char *)forms.bytes[1]);
	for (size_t i = 0; i < ID_HEX_LEN; i++) {
		uint8_t digit = forms.bytes[1][i];
		forms.bytes[2][i] = digit >= 'a' ? (uint8_t)(digit - 'a' + 'A') : digit;
	}
	write_base64(id, forms.bytes[3]);
	return forms;
}

static void replace(
    uint8_t *bytes, size_t len, const struct forms *from, const struct forms *to, size_t form)
{
	size_t step = from->len[form];

	for (size_t at = 0; at + step <= len; at++)
		if (memcmp(bytes + at, from->bytes[form], step) == 0)
			memcpy(bytes + at, to->bytes[form], step);
}

static void strip(
    struct ledger *ledger, struct db_rows *rows, const struct forms *from, const struct forms *to)
{
	struct slice payload = arena_copy(&ledger->scratch, db_blob(rows, 2));
	struct slice hash = arena_copy(&ledger->scratch, db_blob(rows, 1));
	int64_t source = db_int(rows, 0);

	if (!payload.p || !hash.p) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a parked message");
		return;
	}
	for (size_t form = 0; form < FORMS; form++)
		replace((uint8_t *)payload.p, payload.len, from, to, form);
	db_run(&ledger->db, "UPDATE parked SET payload = ? WHERE source = ? AND hash = ?", "bib",
	    payload, source, hash);
}

/* Nobody can read it yet: whoever does finds the alias. */
static void strip_parked(struct ledger *ledger, const struct id *token, const struct id *alias)
{
	struct forms from = forms_of(token);
	struct forms to = forms_of(alias);
	struct slice form[FORMS];

	for (size_t i = 0; i < FORMS; i++)
		form[i] = slice_of(from.bytes[i], from.len[i]);
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT source, hash, payload FROM parked WHERE instr(payload, ?) OR instr(payload, ?)"
	    " OR instr(payload, ?) OR instr(payload, ?)",
	    "bbbb", form[0], form[1], form[2], form[3]);
	while (db_next(&rows))
		strip(ledger, &rows, &from, &to);
}

/* --- the token ------------------------------------------------------------------------------- */

/* See "Traces". */
static void write_anew(struct ledger *ledger)
{
	db_exec(&ledger->db, "CREATE TABLE anew AS SELECT * FROM client; DELETE FROM client;"
	                     "INSERT INTO client SELECT * FROM anew; DROP TABLE anew;"
	                     "CREATE TABLE anew AS SELECT * FROM parked; DELETE FROM parked;"
	                     "INSERT INTO parked SELECT * FROM anew; DROP TABLE anew");
	ledger->is_log_due = ledger->config.path != NULL;
}

/* A recount has no tokens to lose. */
static void erase_token(struct ledger *ledger, int64_t no)
{
	struct id token;

	if (ledger->config.is_recount || !names_token(ledger, no, &token))
		return;
	struct id alias = alias_of(ledger, &token);
	db_run(&ledger->db, "UPDATE client SET token = NULL, alias = ? WHERE no = ?", "bi",
	    slice_of(alias.b, ID_BYTES), no);
	strip_parked(ledger, &token, &alias);
	down_rows_forget(ledger, no);
	write_anew(ledger);
}

void forgets_take(struct ledger *ledger, const struct journal_row *row, bool is_loud)
{
	ledger->has_forgotten = true;
	ledger->since_of = 0;
	ledger->is_receipt_due = true;
	/* Filed under whom they belong to now; named by their own token. */
	erase_token(
	    ledger, db_value(&ledger->db, 0,
	                "SELECT client FROM journal WHERE source = ? AND boot = ? AND seq = ?",
	                "iii", row->source, (int64_t)row->boot, (int64_t)row->seq));
	reach_client_whole(ledger, row->client, is_loud);
	reach_rollers(ledger, row->client);
	civil_days_touch_client(ledger, row->client);
	touched_add(&ledger->touched[SUBJECT_CLIENT], &ledger->scratch, row->client, is_loud);
}

/* Of whom the sessions of CLIENT_FORGOTTEN are may have changed as well. */
void forgets_merged(struct ledger *ledger)
{
	if (!ledger->has_forgotten)
		return;
	ledger->since_of = 0;
	reach_client_whole(ledger, CLIENT_FORGOTTEN, false);
}

/* --- what head office is told ----------------------------------------------------------------- */

static void report_key(struct ledger *ledger, const struct db_rows *rows)
{
	struct office_receipt *receipt = &ledger->batch->receipt;
	struct journal_row row = journal_row_of(rows);
	struct reading reading;

	if (journal_decode(&ledger->batch->arena, &row, &reading) == READING_OK)
		receipt->forgotten[receipt->forgotten_count++] = reading.order->key;
}

/* All of what is parked: it can be searched for the forms of a token that are known, no
 * more than that. */
static void report_parked(struct ledger *ledger)
{
	struct office_receipt *receipt = &ledger->batch->receipt;
	struct db_rows rows = db_query(&ledger->db, "SELECT count(*), max(recv) FROM parked", "");

	if (!db_next(&rows))
		return;
	receipt->parked = (uint32_t)db_int(&rows, 0);
	if (receipt->parked)
		receipt->gone_after_date = civil_to_yyyymmdd(
		    zone_day(ledger->config.policy.zone, db_int(&rows, 1) + PARKED_KEPT_MS));
	db_end(&rows);
}

void forgets_report(struct ledger *ledger)
{
	struct office_receipt *receipt = &ledger->batch->receipt;

	if (!ledger->has_forgotten || ledger->is_log_due)
		return;
	receipt->forgotten =
	    arena_alloc(&ledger->batch->arena, OFFICE_FORGOTTEN_MAX * sizeof(*receipt->forgotten));
	if (!receipt->forgotten) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a receipt");
		return;
	}
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " JOURNAL_COLUMNS " FROM fact f JOIN journal j USING(source, boot, seq)"
	    " WHERE f.kind = ? AND f.subject = 0 AND f.topic = ? AND j.recv > ?"
	    " ORDER BY f.ts DESC, j.boot DESC, j.seq DESC LIMIT ?",
	    "iiii", (int64_t)SUBJECT_SITE, FACT_TOPIC(READING_CLIENT_FORGET, 0),
	    (int64_t)(ledger->now - REPORTED_MS), (int64_t)OFFICE_FORGOTTEN_MAX);
	while (db_next(&rows))
		report_key(ledger, &rows);
	report_parked(ledger);
}
