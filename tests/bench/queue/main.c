/* main.c - what a long outbox costs (issue "What goes up"), for tests/bench/outbox.
 *
 *     bench_outbox fill STORE KEYS   so many reports wait for head office
 *     bench_outbox run STORE ROWS    messages come in, alone and beside a drain of ROWS
 *
 * `run` prints JSON. A drained row is read and printed by the view, named to a batch and
 * deleted by the ledger, durably, a window (100) at a time; the sink is this process, no
 * broker.
 */
#include "../fail.h"
#include "../series.h"
#include "ledger/office/outbox.h"
#include "ledger/office/report.h"
#include "scenarios/speech.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define ZONE "Europe/Berlin"
#define WINDOW 100
#define ALONE 2000        /* messages measured before the drain */
#define FIRST_KEY 1000000 /* above the numbers of real sessions */

static struct clinic clinic; /* large */

static void say(const char *line)
{
	speech_line(&clinic, line);
	if (clinic_failed(&clinic))
		fail("%s: %s", line, clinic.why);
	if (ledger_wants_checkpoint(clinic.ledger) && ledger_checkpoint(clinic.ledger))
		fail("checkpoint: %s", ledger_error(clinic.ledger));
}

static void open_store(const char *path, wall_ms now)
{
	clinic_open_store(&clinic, ZONE, path, "bench", now);
	if (clinic_failed(&clinic))
		fail("%s", clinic.why);
}

/* Copies of one summary that a session left. */
static void fill(const char *path, int64_t keys)
{
	open_store(path, 0);
	struct db *db = &clinic.ledger->db;

	say("2026-04-01 10:00 P1 session A c5");
	say("2026-04-01 12:00 P1 hello");
	db_exec(db, "PRAGMA synchronous = OFF"); /* nobody counts on it */
	db_begin(db);
	db_run(db,
	    "WITH RECURSIVE i(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < ?1)"
	    " INSERT INTO state(kind, subject, revision, body) SELECT 16, ?2 + n, 1, s.body"
	    " FROM i, (SELECT body FROM state WHERE kind = 16 LIMIT 1) s WHERE n <= ?1",
	    "ii", keys, (int64_t)FIRST_KEY);
	db_run(db,
	    "INSERT INTO outbox(kind, key, n, first_n, queued_at) SELECT 2, subject, subject, "
	    "subject, ?1"
	    " FROM state WHERE kind = 16 AND subject > ?2",
	    "ii", clinic.now, (int64_t)FIRST_KEY);
	db_run(db, "UPDATE outbox_count SET n = ?1 WHERE kind = 2", "i", FIRST_KEY + keys);
	db_commit(db);
	if (db->err)
		fail("%s", db->err_text);
	clinic_close(&clinic);
}

static long resident_kb(const char *field)
{
	char line[128];
	long kb = 0;
	FILE *file = fopen("/proc/self/status", "r");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, field, strlen(field)) == 0)
			kb = strtol(line + strlen(field), NULL, 10);
	if (file)
		fclose(file);
	return kb;
}

static void take_one(struct series *series)
{
	int64_t from = now_ns();

	say("+1s P1 hello");
	series_add(series, now_ns() - from);
}

/* One window of rows up and acknowledged. Returns how many. */
static size_t drain(struct view *view, struct arena *arena)
{
	static const struct report_style style = {.site = "berlin-1", .tz = ZONE};
	static const uint64_t after[OUTBOX_KINDS];
	struct view_outbox_row rows[WINDOW];

	arena_reset(arena);
	size_t count = view_outbox(view, arena, &style, after, OUTBOX_KINDS, rows, WINDOW);
	batch_reset(clinic.batch);
	for (size_t i = 0; i < count; i++)
		CP_CHECK(batch_add_done(clinic.batch, rows[i].kind, rows[i].n));
	if (ledger_apply(clinic.ledger, clinic.batch, clinic.now))
		fail("%s", ledger_error(clinic.ledger));
	return count;
}

static void print(const char *name, struct series *series)
{
	printf(", \"%s\": ", name);
	series_print(series, stdout);
	series_deinit(series);
}

static void run(const char *path, size_t rows)
{
	struct series alone = {0};
	struct series beside = {0};
	struct arena arena;
	struct view *view;
	char why[256];
	size_t drained = 0;
	size_t count = 1;
	int64_t took_ns = 0;
	int64_t from = now_ns();

	open_store(path, INT64_C(1775044800000)); /* 2026-04-01 14:00 */
	int64_t opened_ns = now_ns() - from;
	int64_t waiting = clinic.ledger->outbox_rows;
	if (view_open(&view, path, why))
		fail("%s", why);
	arena_init(&arena, 64 * 1024, 8U << 20);
	say("2026-04-01 15:00 P1 hello");
	for (int i = 0; i < ALONE; i++)
		take_one(&alone);
	while (drained < rows && count > 0) {
		from = now_ns();
		count = drain(view, &arena);
		took_ns += now_ns() - from;
		drained += count;
		take_one(&beside);
	}
	printf("{\"waiting\": %" PRId64 ", \"open_ms\": %.1f, \"drained\": %zu, \"per_s\": %.0f, "
	       "\"resident_kb\": %ld, \"peak_kb\": %ld",
	    waiting, (double)opened_ns / 1e6, drained,
	    took_ns ? (double)drained * 1e9 / (double)took_ns : 0.0, resident_kb("VmRSS:"),
	    resident_kb("VmHWM:"));
	print("alone", &alone);
	print("beside", &beside);
	printf("}\n");
	arena_deinit(&arena);
	view_close(view);
	clinic_close(&clinic);
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "fill") == 0)
		fill(argv[2], (int64_t)strtoll(argv[3], NULL, 10));
	else if (argc == 4 && strcmp(argv[1], "run") == 0)
		run(argv[2], (size_t)strtoull(argv[3], NULL, 10));
	else
		fail("usage: bench_outbox fill STORE KEYS | run STORE ROWS");
	return 0;
}
