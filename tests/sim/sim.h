/* sim.h - the whole in one thread and virtual time: devices, the gateway on a disk that loses
 * power, head office behind a broker; cut, killed and refused by the dice of a seed.
 *
 *     ../model     devices, their links, and the oracle of what MQTT and the promises allow
 *     story.c      what devices say, and head office orders: a stretch of a property world
 *     gateway.c    its parts, joined as shell/gateway.c joins them; lives and ends
 *     threads.c    its threads and mailboxes; loop.c its timers
 *     disk.c       the store's disk; disk_vfs.c SQLite's door to it
 *     commits.c    which commits have survived
 *     broker.c     io/upstream.h in memory
 *     hq.c         head office: its picture, receipts, orders
 *     ending.c     what must be so when nothing is lost any more
 *     run.c        one seed: dice, steps, the calm end
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "../model/parties.h"
#include "disk.h"

#define SIM_SITE "north-1"
#define SIM_TIMEZONE "Etc/UTC"
#define SIM_STORE "/model.db"

struct sim {
	bool has_receipts;
	bool is_json;
	bool is_bounded; /* its outbox is smaller than what may wait */
	bool is_small;   /* its disk is full now and then */
	bool is_counted; /* at the end: again, and told again */
	bool is_swept;   /* old rows of its stream go (ledger/retention.h) */
	bool has_failed; /* the store, in this life */
	bool has_moved;  /* the clock that dates a sealed session */
};

/* Over all seeds. */
struct sim_counts {
	uint64_t powercuts, kills, errors, stops;
	uint64_t doubts_stored, doubts_lost; /* commits in whose midst it ended */
	uint64_t full;
	uint64_t gone;  /* rows of streams */
	uint64_t swept; /* seeds whose truth was compared although they had */
};

extern struct sim sim;
extern struct sim_counts sim_counts;

/* --- gateway.c */
void gateway_begin(void);
void gateway_end(const enum disk_end *how); /* NULL: it is stopped, and closes its store */
bool gateway_is_idle(void);

/* --- commits.c */
void commits_begin(void);
enum cp_err commits_apply(struct ledger *ledger, struct batch *batch, wall_ms now);
void commits_look(void);    /* before the store is opened */
void commits_resolve(void); /* when it is */
void commits_end(void);     /* what is applied from now on is not what happened */

/* --- ending.c */
bool ending_has_unjudged(void);
bool ending_has_days_due(void); /* news of the last minutes waits to be added up */
void ending_check(void);

#endif
