/* disk.h - a disk in memory that loses power.
 *
 * What:    files by name. Of each it knows what is durable and what was written since, and what
 *          a power cut leaves of that is up to the dice: nothing, all, the beginning, any of the
 *          writes, any of their sectors. A name that was made or taken away is durable with the
 *          next sync of its file.
 * Not:     SQLite's part of it (disk_vfs.c).
 * Ends:    by a kill everything written is still there, though not durable; by a power cut see
 *          above. From then on nothing that was opened before works (DISK_DEAD).
 * Errors:  one operation can fail (EIO). A sync that fails makes some of the writes durable and
 *          forgets that the others are not, as kernels do: no later sync of them helps.
 * Names:   operations that change something are counted from 1; a seed names them so.
 */
#ifndef SIM_DISK_H
#define SIM_DISK_H

#include "../property/rng.h"

enum disk_end {
	DISK_KILLED,
	DISK_POWER_CUT
};

enum disk_result {
	DISK_OK,
	DISK_FULL,
	DISK_FAILED,
	DISK_DEAD
};

struct disk_file;

/* Empty, with dice of its own. */
void disk_begin(uint64_t seed);
void disk_free(void);

/* What is there becomes durable, and is what disk_load() begins with. */
void disk_save(void);
void disk_load(void);

/* --- faults ----------------------------------------------------------------------------- */

uint64_t disk_operations(void);
void disk_die_at(uint64_t operation, enum disk_end end); /* in the midst of it; 0: never */
void disk_fail_at(uint64_t operation);                   /* 0: never */
/* The same, of the syncs from now on the so manieth. */
void disk_die_at_sync(uint64_t sync, enum disk_end end);
void disk_fail_at_sync(uint64_t sync);
void disk_die(enum disk_end end); /* now */
bool disk_is_dead(void);
enum disk_end disk_how(void); /* it died */
bool disk_has_failed(void);   /* since disk_restart() */

/* What has survived is there again. */
void disk_restart(void);
uint64_t disk_life(void); /* rises with every restart */

void disk_set_room(int64_t bytes); /* that files may grow by; of all, from now on */
int64_t disk_room(void);

/* --- files -------------------------------------------------------------------------------- */

struct disk_file *disk_open(const char *name, bool may_create); /* NULL: not there */
struct disk_file *disk_open_nameless(void);                     /* until disk_close_nameless() */
void disk_close_nameless(struct disk_file *file);
bool disk_exists(const char *name);
enum disk_result disk_remove(const char *name, bool is_durable);

const char *disk_name(const struct disk_file *file);
size_t disk_len(const struct disk_file *file);
size_t disk_read(const struct disk_file *file, size_t at, size_t len, void *out);
enum disk_result disk_write(struct disk_file *file, size_t at, size_t len, const void *bytes);
enum disk_result disk_truncate(struct disk_file *file, size_t len);
enum disk_result disk_sync(struct disk_file *file);

#endif
