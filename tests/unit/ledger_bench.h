/* ledger_bench.h - a ledger to look into, filled by the words of the scenarios
 * (tests/scenarios/README.md). */
#ifndef UNIT_LEDGER_BENCH_H
#define UNIT_LEDGER_BENCH_H

#include "ledger/state.h"
#include "scenarios/speech.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

struct bench {
	struct clinic clinic;
	bool is_open;
	wall_ms now; /* when it was closed */
	char dir[64];
	char path[80];
};

static inline struct bench *bench_of(void **state)
{
	return *state;
}

static inline int bench_set_up(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	snprintf(bench->dir, sizeof(bench->dir), "%s/ledger-XXXXXX", clinic_place());
	if (!mkdtemp(bench->dir))
		return -1;
	snprintf(bench->path, sizeof(bench->path), "%s/store", bench->dir);
	*state = bench;
	return 0;
}

static inline void close_store(void **state)
{
	struct bench *bench = bench_of(state);

	if (!bench->is_open)
		return;
	bench->now = bench->clinic.now;
	clinic_close(&bench->clinic);
	bench->is_open = false;
}

static inline int bench_tear_down(void **state)
{
	static const char *const suffixes[] = {"", "-wal", "-shm"};
	struct bench *bench = bench_of(state);
	char path[128];

	close_store(state);
	for (size_t i = 0; i < CP_COUNT(suffixes); i++) {
		snprintf(path, sizeof(path), "%s%s", bench->path, suffixes[i]);
		unlink(path);
	}
	rmdir(bench->dir);
	free(bench);
	return 0;
}

#define LEDGER_TEST(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)

static inline struct clinic *open_in_memory(void **state)
{
	struct bench *bench = bench_of(state);

	clinic_open(&bench->clinic, "Europe/Berlin");
	bench->is_open = true;
	return &bench->clinic;
}

static inline struct clinic *open_store(void **state, const char *version)
{
	struct bench *bench = bench_of(state);

	clinic_open_store(&bench->clinic, "Europe/Berlin", bench->path, version, bench->now);
	if (clinic_failed(&bench->clinic))
		fail_msg("%s", bench->clinic.why);
	bench->is_open = true;
	return &bench->clinic;
}

/* A clean end and a new start. Devices go on counting where they were. */
static inline struct clinic *reopen_store(void **state, const char *version)
{
	struct bench *bench = bench_of(state);
	uint32_t orders = bench->clinic.order_count;
	uint32_t fresh = bench->clinic.fresh_count;
	uint32_t seqs[CLINIC_DEVICES_MAX];
	wall_ms booted_at[CLINIC_DEVICES_MAX];
	char names[CLINIC_DEVICES_MAX][NAME_BYTES];
	size_t device_count = bench->clinic.device_count;

	for (size_t i = 0; i < device_count; i++) {
		seqs[i] = bench->clinic.devices[i].seq;
		booted_at[i] = bench->clinic.devices[i].booted_at;
		memcpy(names[i], bench->clinic.devices[i].name, NAME_BYTES);
	}
	close_store(state);
	struct clinic *clinic = open_store(state, version);
	for (size_t i = 0; i < device_count; i++) {
		struct device *device = clinic_device(clinic, names[i]);
		device->seq = seqs[i];
		device->booted_at = booted_at[i];
	}
	clinic->order_count = orders;
	clinic->fresh_count = fresh;
	return clinic;
}

static inline void say(struct clinic *clinic, const char *line)
{
	speech_line(clinic, line);
	if (clinic_failed(clinic))
		fail_msg("%s: %s", line, clinic->why);
}

/* For tests that look at how findings are stored and told, not at which there are. */
#define ONLY_FIRST_CHECKS                                                                          \
	"2020-01-01 00:00 HQ policy only INTERVAL_TOO_SOON, INTERVAL_OVERDUE, CART_REUSE"

static inline void only_first_checks(struct clinic *clinic)
{
	say(clinic, ONLY_FIRST_CHECKS);
}

/* The first number of a static query; -1 for none. */
static inline int64_t count(struct clinic *clinic, const char *sql)
{
	int64_t value = db_value(&clinic->ledger->db, -1, sql, "");

	assert_int_equal(clinic->ledger->db.err, CP_OK);
	return value;
}

#endif
