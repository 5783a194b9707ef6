/* states_bench.h - what head office would be told now, kind by kind. */
#ifndef UNIT_STATES_BENCH_H
#define UNIT_STATES_BENCH_H

#include "ledger_bench.h"

#include "ledger/office/report.h"
#include "wire/field.h"
#include "wire/json.h"

#include "report.pb-c.h"

#define SENT_KINDS 10
#define EVERY_KIND 0
#define SENT_MAX 512

static const struct report_style in_bytes = {.site = "berlin-1", .tz = "Europe/Berlin"};
static const struct report_style in_json = {
    .site = "berlin-1", .tz = "Europe/Berlin", .is_json = true};

/* What waits of one kind or of all, as it would go up now. */
struct sent {
	struct view *view;
	struct arena arena;
	unsigned kind;
	struct view_outbox_row rows[SENT_MAX];
	const Carepace__V1__Report *reports[SENT_MAX];
	size_t count;
};

static inline const Carepace__V1__Report *sent_read(
    struct sent *sent, const struct report_style *style, struct slice payload)
{
	ProtobufCMessage *message;
	struct wire_scan scan;
	char why[256];

	if (style->is_json)
		assert_int_equal(wire_json_read(&sent->arena, &carepace__v1__report__descriptor,
		                     payload, &payload, why),
		    WIRE_OK);
	assert_int_equal(
	    wire_unpack(&sent->arena, &carepace__v1__report__descriptor, payload, &message, &scan),
	    WIRE_OK);
	return (const Carepace__V1__Report *)message;
}

static inline struct sent look(
    struct clinic *clinic, const struct report_style *style, unsigned kind)
{
	uint64_t after[SENT_KINDS];
	struct sent sent = {.kind = kind};
	char why[256];

	for (size_t i = 0; i < SENT_KINDS; i++)
		after[i] = i == kind || kind == EVERY_KIND ? 0 : UINT64_MAX >> 1;
	assert_int_equal(view_open(&sent.view, clinic->path, why), CP_OK);
	arena_init(&sent.arena, 4096, 4U << 20);
	sent.count =
	    view_outbox(sent.view, &sent.arena, style, after, SENT_KINDS, sent.rows, SENT_MAX);
	for (size_t i = 0; i < sent.count; i++) {
		sent.reports[i] = sent_read(&sent, style, sent.rows[i].payload);
		assert_int_equal(sent.reports[i]->n, sent.rows[i].n);
		assert_int_equal(sent.reports[i]->kind, sent.rows[i].kind);
		if (i > 0 && sent.rows[i].kind == sent.rows[i - 1].kind)
			assert_true(
			    sent.rows[i].n > sent.rows[i - 1].n); /* else the window loses one */
	}
	return sent;
}

static inline void look_away(struct sent *sent)
{
	view_close(sent->view);
	arena_deinit(&sent->arena);
}

static inline void acknowledge(struct clinic *clinic, unsigned kind)
{
	struct sent sent = look(clinic, &in_bytes, kind);

	batch_reset(clinic->batch);
	for (size_t i = 0; i < sent.count; i++)
		assert_true(batch_add_done(clinic->batch, kind, sent.rows[i].n));
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	look_away(&sent);
}

/* Reports that wait of a kind. */
static inline int64_t waiting(struct clinic *clinic, unsigned kind)
{
	return db_value(&clinic->ledger->db, -1, "SELECT count(*) FROM outbox WHERE kind = ?", "i",
	    (int64_t)kind);
}

#endif
