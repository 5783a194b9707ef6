/* main.c - what devices notice of rows that go (ledger/retention.h), for tests/bench/sweep.
 *
 *     bench_sweep STORE SESSIONS SECONDS
 *
 * A store of old sessions, a hundred rows of stream each. Messages are due every 5 to 15 ms, in
 * real time; in every other second steps of the sweep are due as well, as often as the ledger
 * wants them. Latency is from when a message is due to its commit: it waits for a step that is
 * under way, as in the ledger's thread. Prints JSON.
 */
#include "../fail.h"
#include "../series.h"
#include "ledger/retention.h"
#include "ledger/state.h"
#include "scenarios/speech.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define ZONE "Europe/Berlin"
#define ROWS_OF_SESSION 100
#define KEPT_MS (30 * MS_PER_DAY)
#define NS_PER_MS INT64_C(1000000)
#define DUE_LEAST_MS 5
#define DUE_MOST_MS 15

static struct clinic clinic; /* large */

static void say(const char *line)
{
	speech_line(&clinic, line);
	if (clinic_failed(&clinic))
		fail("%s: %s", line, clinic.why);
	if (ledger_wants_checkpoint(clinic.ledger) && ledger_checkpoint(clinic.ledger))
		fail("checkpoint: %s", ledger_error(clinic.ledger));
}

static void fill(int sessions)
{
	db_exec(&clinic.ledger->db, "PRAGMA synchronous = OFF"); /* nobody counts on it */
	say("2026-01-05 09:00 P1 hello");
	for (int i = 0; i < sessions; i++) {
		char line[80];
		snprintf(line, sizeof(line), "+1h P1 start S%d c%d", i, i % 50);
		say(line);
		snprintf(line, sizeof(line), "+1s P1 sample S%d for 1 depth 1000", i);
		for (int k = 0; k < ROWS_OF_SESSION; k++)
			say(line);
		snprintf(line, sizeof(line), "+1s P1 end S%d COMPLETED", i);
		say(line);
	}
	db_exec(&clinic.ledger->db, "PRAGMA synchronous = FULL");
}

static int64_t rows(void)
{
	return db_value(&clinic.ledger->db, 0, "SELECT count(*) FROM stream", "");
}

static void take_message(struct series *series, int64_t due_ns)
{
	clinic.ledger->sweep_at = TIME_NEVER;
	say("+1s P1 hello");
	series_add(series, now_ns() - due_ns);
}

static void take_step(struct series *series)
{
	int64_t from = now_ns();

	clinic.ledger->config.stream_kept_ms = KEPT_MS;
	clinic.ledger->sweep_at = 0;
	batch_reset(clinic.batch);
	if (ledger_apply(clinic.ledger, clinic.batch, clinic.now))
		fail("%s", ledger_error(clinic.ledger));
	clinic.ledger->config.stream_kept_ms = 0;
	series_add(series, now_ns() - from);
}

static void wait_until(int64_t at_ns)
{
	int64_t left_ns = at_ns - now_ns();
	struct timespec rest = {.tv_nsec = left_ns};

	if (left_ns > 0)
		nanosleep(&rest, NULL);
}

struct figures {
	struct series alone;
	struct series beside;
	struct series steps;
};

static void measure(int seconds, struct figures *out)
{
	int64_t begin_ns = now_ns();
	int64_t message_ns = begin_ns;
	int64_t step_ns = begin_ns;

	srand(1);
	for (;;) {
		int64_t second = (message_ns - begin_ns) / (1000 * NS_PER_MS);
		bool is_swept = second % 2 == 1;
		if (second >= seconds)
			return;
		if (is_swept && step_ns < message_ns && now_ns() < message_ns) {
			wait_until(step_ns);
			take_step(&out->steps);
			step_ns = now_ns() + RETENTION_PAUSE_MS * NS_PER_MS;
			continue;
		}
		wait_until(message_ns);
		take_message(is_swept ? &out->beside : &out->alone, message_ns);
		message_ns +=
		    (DUE_LEAST_MS + rand() % (DUE_MOST_MS - DUE_LEAST_MS + 1)) * NS_PER_MS;
	}
}

static void print(const char *name, struct series *series)
{
	printf(", \"%s\": ", name);
	series_print(series, stdout);
	series_deinit(series);
}

int main(int argc, char **argv)
{
	struct figures figures = {0};

	if (argc != 4)
		fail("usage: bench_sweep STORE SESSIONS SECONDS");
	clinic_open_store(&clinic, ZONE, argv[1], "bench", 0);
	if (clinic_failed(&clinic))
		fail("%s", clinic.why);
	fill((int)strtol(argv[2], NULL, 10));
	say("2026-11-05 10:00 P1 hello");
	clinic_sleep(&clinic);
	int64_t before = rows();
	measure((int)strtol(argv[3], NULL, 10), &figures);
	printf("{\"rows\": %" PRId64 ", \"gone\": %" PRId64, before, before - rows());
	print("alone", &figures.alone);
	print("beside", &figures.beside);
	print("steps", &figures.steps);
	printf("}\n");
	clinic_close(&clinic);
	return 0;
}
