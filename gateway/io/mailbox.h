/* mailbox.h - the one place where threads meet (DESIGN section 2).
 *
 * What:    a queue without a bound of its own, many producers, one consumer:
 *          either a thread that waits or a libuv loop that is called.
 * Why:     nobody ever waits to put in: a request brings the room for its own
 *          answer, so no ring of full queues can exist. The bound is the number
 *          of messages that their owners have made (P6).
 * Memory:  struct mail is embedded in the sender's message, which belongs to
 *          the consumer from a successful mailbox_post() on. The mailbox
 *          allocates nothing after it was made.
 * Order:   mail of one producer comes out in the order it went in.
 * Threads: post from any thread, also from one of low priority: it takes no
 *          lock, so it cannot be preempted holding one. All else: the consumer.
 */
#ifndef IO_MAILBOX_H
#define IO_MAILBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct uv_loop_s;
struct mailbox;

struct mail {
	struct mail *next; /* free for the owner's lists while not posted */
};

/* The message that a mail is embedded in. */
#define MAIL_OWNER(mail, type, member) ((type *)(void *)((char *)(mail)-offsetof(type, member)))

/* For a thread that calls mailbox_wait(). NULL when out of descriptors or memory. */
struct mailbox *mailbox_new(void);

/* For a loop: on_mail runs on the loop's thread with everything posted so far,
 * oldest first, linked by `next`, never empty; it owns the list. It may call
 * mailbox_close() and mailbox_free(). */
typedef void mailbox_fn(void *ctx, struct mail *list);
struct mailbox *mailbox_new_on_loop(struct uv_loop_s *loop, mailbox_fn *on_mail, void *ctx);

/* False once the mailbox is closed: the mail then still is the caller's. */
bool mailbox_post(struct mailbox *mailbox, struct mail *mail) CP_MUST_CHECK;

#define MAILBOX_FOREVER (-1)

/* Everything posted so far, oldest first; waits for the first one up to
 * timeout_ms (0: not at all, MAILBOX_FOREVER). NULL when the time is over. */
struct mail *mailbox_wait(struct mailbox *mailbox, int64_t timeout_ms);

/* From now on nobody can post. Returns what was not delivered, oldest first;
 * on_mail will not be called again. */
struct mail *mailbox_close(struct mailbox *mailbox) CP_MUST_CHECK;

/* Gives the memory back; on a loop, asynchronously in a close callback. Closed
 * before, and no thread may still be inside mailbox_post(): join or stop the
 * producers first. NULL is allowed. */
void mailbox_free(struct mailbox *mailbox);

#endif
