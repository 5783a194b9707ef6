/* report.h - what head office reads: a row of ours as a Report (domain 9.3).
 *
 * Pure: the row is given, the text lies in the arena. Every report carries
 * {epoch, kind, n, key, revision}; the key of an alert is its id in hex.
 */
#ifndef LEDGER_OFFICE_REPORT_H
#define LEDGER_OFFICE_REPORT_H

#include "ledger/office/office_receipt.h"
#include "ledger/view/view.h"

#include <protobuf-c/protobuf-c.h>

/* Last level of the topic on which a kind goes up (DESIGN section 6); static. */
const char *report_topic(unsigned kind);

/* Retracted alerts too: head office must take back what it was told. */
enum cp_err report_alert(struct arena *arena, const struct report_style *style, uint64_t epoch,
    uint64_t n, const struct view_alert *row, struct slice *out) CP_MUST_CHECK;

/* What is reported of it, in the arena; NULL: no room, or a check that is not in the
 * catalogue. */
const ProtobufCMessage *report_alert_message(struct arena *arena, const struct view_alert *row);

/* Alerts of a device and day in one (ledger/office/folds.h): subject and onset name those. */
enum cp_err report_fold(struct arena *arena, const struct report_style *style, uint64_t epoch,
    uint64_t n, const struct view_alert *row, struct slice *out) CP_MUST_CHECK;

/* A state as it was composed (ledger/office/states.h), and what is not kept with it (P10). */
struct report_state {
	unsigned kind; /* ReportKind */
	uint64_t n;
	uint64_t revision;
	const char *key;
	struct slice body;
	struct id client; /* tokens; zero: none */
	struct id operator;
};

enum cp_err report_state(struct arena *arena, const struct report_style *style, uint64_t epoch,
    const struct report_state *state, struct slice *out) CP_MUST_CHECK;

/* What was evicted from the outbox. */
struct report_gone {
	unsigned kind; /* the one it stands for */
	unsigned reason;
	uint64_t first_n;
	uint64_t last_n;
	uint64_t revision;
	uint64_t n;
};

enum cp_err report_gone(struct arena *arena, const struct report_style *style, uint64_t epoch,
    const struct report_gone *row, struct slice *out) CP_MUST_CHECK;

/* Where head office's stream stands, and whom it had forgotten here. It counts in no outbox; its n,
 * key and revision are 0 and "". */
enum cp_err report_receipt(struct arena *arena, const struct report_style *style,
    const struct office_receipt *state, struct slice *out) CP_MUST_CHECK;

#endif
