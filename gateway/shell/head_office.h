/* head_office.h - joins the upstream thread to the ledger.
 *
 *     outbox rows:  view (upstream thread) -> broker -> done -> open batch
 *     orders:       broker -> upstream thread -> loop -> open batch -> receipt
 *
 * What comes from head office takes the same way as what comes from a device:
 * through the batch, once, durable before it is acknowledged (the receipt).
 * Bounds:  HEAD_OFFICE_ORDERS_MAX orders wait for the loop; more are dropped and
 *          counted there, and head office goes on from the receipt. While
 *          HEAD_OFFICE_DONE_MAX acknowledged rows wait for the loop, no more are
 *          taken from the outbox (P6).
 * Threads: the loop's only, but for the callbacks of the upstream thread.
 */
#ifndef SHELL_HEAD_OFFICE_H
#define SHELL_HEAD_OFFICE_H

#include "io/config.h"
#include "shell/intake.h"
#include "shell/upstream_thread.h"

#define HEAD_OFFICE_ORDERS_MAX 256
#define HEAD_OFFICE_DONE_MAX BATCH_DONE_MAX /* and what was in flight: WINDOW_ROWS */

struct head_office;
struct uv_loop_s;

/* Also when the configuration names no head office: it may one day. `config` is the one in
 * force, borrowed, and may change between calls. */
enum cp_err head_office_open(struct uv_loop_s *loop, const struct config *config,
    const char *store_file, struct intake *intake, struct head_office **out) CP_MUST_CHECK;

/* The configuration has changed, or a file that it names: leaves the broker and connects anew.
 * What it had not acknowledged is offered again. Devices do not wait for this. */
void head_office_reconnect(struct head_office *office);
bool head_office_is_configured(const struct head_office *office);

/* NULL is allowed for these: it was not opened. */
void head_office_settled(struct head_office *office, const struct batch *batch);
void head_office_has_room(struct head_office *office);
void head_office_close(struct head_office *office);

/* How long there has been no connection; 0: there is one. */
int64_t head_office_down_ms(const struct head_office *office, mono_ms now);

/* A heartbeat_fn of a struct head_office. */
bool head_office_answers(void *office);

struct head_office_counters {
	uint64_t orders;         /* stored */
	uint64_t orders_parked;  /* not understood; kept */
	uint64_t orders_refused; /* not kept: text where only codes are allowed */
};

/* Ours, and in *sent those of the upstream thread. */
const struct head_office_counters *head_office_counters(
    const struct head_office *office, struct upstream_counts *sent);

#endif
