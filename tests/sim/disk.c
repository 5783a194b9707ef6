#include "disk.h"

#include "base/err.h"

#include <stdlib.h>
#include <string.h>

#define FILES_MAX 64
#define NAME_BYTES 64
#define SECTOR_BYTES 512

struct content {
	uint8_t *bytes;
	size_t len;
	size_t cap;
};

/* Written and not durable. */
struct change {
	bool is_cut; /* to `at` bytes; else `len` bytes are written there */
	size_t at;
	size_t len;
	uint8_t *bytes;
};

struct disk_file {
	bool is_used;
	bool is_nameless;
	char name[NAME_BYTES];
	bool is_there;     /* under its name, now */
	bool is_name_kept; /* it is durable that it is there */
	struct content now;
	struct content kept;
	struct change *changes;
	size_t change_count;
	size_t change_cap;
};

static struct disk {
	struct rng dice;
	struct disk_file files[FILES_MAX];
	uint64_t operations;
	uint64_t die_at;
	uint64_t syncs_left; /* until it dies or fails; 0: never */
	bool is_sync_failing;
	uint64_t fail_at;
	enum disk_end end;
	bool is_dead;
	bool has_failed;
	uint64_t life;
	int64_t room;
} disk;

static struct disk_file saved[FILES_MAX];

/* --- contents ------------------------------------------------------------------------------ */

static void reach(struct content *content, size_t len)
{
	if (len <= content->len)
		return;
	if (len > content->cap) {
		content->cap = len + len / 2;
		content->bytes = realloc(content->bytes, content->cap);
		CP_CHECK(content->bytes);
	}
	memset(content->bytes + content->len, 0, len - content->len);
	content->len = len;
}

static void put(struct content *content, size_t at, size_t len, const uint8_t *bytes)
{
	reach(content, at + len);
	memcpy(content->bytes + at, bytes, len);
}

static void copy(struct content *to, const struct content *from)
{
	to->len = 0;
	if (from->len > 0)
		put(to, 0, from->len, from->bytes);
}

static void cut(struct content *content, size_t len)
{
	if (len < content->len)
		content->len = len;
	else
		reach(content, len);
}

/* --- changes --------------------------------------------------------------------------------- */

static void add_change(
    struct disk_file *file, bool is_cut, size_t at, size_t len, const void *bytes)
{
	if (file->change_count == file->change_cap) {
		file->change_cap = file->change_cap ? 2 * file->change_cap : 64;
		file->changes = realloc(file->changes, file->change_cap * sizeof(file->changes[0]));
		CP_CHECK(file->changes);
	}
	struct change *change = &file->changes[file->change_count++];
	*change = (struct change){.is_cut = is_cut, .at = at, .len = len};
	if (is_cut)
		return;
	change->bytes = malloc(len);
	CP_CHECK(change->bytes);
	memcpy(change->bytes, bytes, len);
}

static void forget_changes(struct disk_file *file)
{
	for (size_t i = 0; i < file->change_count; i++)
		free(file->changes[i].bytes);
	file->change_count = 0;
}

static void keep(struct disk_file *file, const struct change *change)
{
	if (change->is_cut)
		cut(&file->kept, change->at);
	else
		put(&file->kept, change->at, change->len, change->bytes);
}

static void keep_sectors(struct disk_file *file, const struct change *change)
{
	size_t end;

	if (change->is_cut) {
		if (rng_percent(&disk.dice, 50))
			keep(file, change);
		return;
	}
	for (size_t from = 0; from < change->len; from = end) {
		end = (change->at + from) / SECTOR_BYTES * SECTOR_BYTES + SECTOR_BYTES - change->at;
		if (end > change->len)
			end = change->len;
		if (rng_percent(&disk.dice, 50))
			put(&file->kept, change->at + from, end - from, change->bytes + from);
	}
}

/* What a power cut leaves. */
static void settle_changes(struct disk_file *file)
{
	size_t way = rng_below(&disk.dice, 5);
	size_t from_here = rng_below(&disk.dice, file->change_count + 1);

	for (size_t i = 0; i < file->change_count; i++) {
		const struct change *change = &file->changes[i];
		if (way == 0 || (way == 1 && i < from_here) ||
		    (way == 2 && rng_percent(&disk.dice, 50)))
			keep(file, change);
		else if (way == 3)
			keep_sectors(file, change);
	}
	forget_changes(file);
	copy(&file->now, &file->kept);
}

/* --- the whole disk -----------------------------------------------------------------------------
 */

static void free_file(struct disk_file *file)
{
	forget_changes(file);
	free(file->changes);
	free(file->now.bytes);
	free(file->kept.bytes);
	*file = (struct disk_file){0};
}

static void free_files(struct disk_file files[FILES_MAX])
{
	for (size_t i = 0; i < FILES_MAX; i++)
		free_file(&files[i]);
}

void disk_free(void)
{
	free_files(disk.files);
	free_files(saved);
}

void disk_begin(uint64_t seed)
{
	free_files(disk.files);
	disk.dice = (struct rng){.state = seed};
	disk.operations = disk.die_at = disk.fail_at = disk.syncs_left = 0;
	disk.is_dead = disk.has_failed = false;
	disk.life++;
	disk.room = INT64_MAX;
}

static void copy_files(struct disk_file to[FILES_MAX], const struct disk_file from[FILES_MAX])
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		if (!from[i].is_there)
			continue;
		to[i].is_used = to[i].is_there = to[i].is_name_kept = true;
		memcpy(to[i].name, from[i].name, NAME_BYTES);
		copy(&to[i].now, &from[i].now);
		copy(&to[i].kept, &from[i].now);
	}
}

void disk_save(void)
{
	free_files(saved);
	copy_files(saved, disk.files);
}

void disk_load(void)
{
	free_files(disk.files);
	copy_files(disk.files, saved);
}

/* --- faults
 * --------------------------------------------------------------------------------------- */

uint64_t disk_operations(void)
{
	return disk.operations;
}

void disk_die_at(uint64_t operation, enum disk_end end)
{
	disk.die_at = operation;
	disk.syncs_left = 0;
	disk.end = end;
}

void disk_fail_at(uint64_t operation)
{
	disk.fail_at = operation;
	disk.syncs_left = 0;
}

void disk_die_at_sync(uint64_t sync, enum disk_end end)
{
	disk_die_at(0, end);
	disk.syncs_left = sync;
	disk.is_sync_failing = false;
}

void disk_fail_at_sync(uint64_t sync)
{
	disk_fail_at(0);
	disk.syncs_left = sync;
	disk.is_sync_failing = true;
}

void disk_die(enum disk_end end)
{
	disk.is_dead = true;
	disk.end = end;
}

bool disk_is_dead(void)
{
	return disk.is_dead;
}

enum disk_end disk_how(void)
{
	return disk.end;
}

bool disk_has_failed(void)
{
	return disk.has_failed;
}

uint64_t disk_life(void)
{
	return disk.life;
}

void disk_set_room(int64_t bytes)
{
	disk.room = bytes;
}

int64_t disk_room(void)
{
	return disk.room;
}

/* Counts one; what does not end well is done in part or not at all. */
static enum disk_result begin_operation(void)
{
	if (disk.is_dead)
		return DISK_DEAD;
	disk.operations++;
	if (disk.operations == disk.fail_at) {
		disk.has_failed = true;
		return DISK_FAILED;
	}
	if (disk.operations != disk.die_at)
		return DISK_OK;
	disk.is_dead = true;
	return DISK_DEAD;
}

void disk_restart(void)
{
	for (size_t i = 0; i < FILES_MAX; i++) {
		struct disk_file *file = &disk.files[i];
		if (!file->is_used || disk.end == DISK_KILLED)
			continue;
		if (file->is_there != file->is_name_kept && rng_percent(&disk.dice, 50))
			file->is_there = file->is_name_kept;
		file->is_name_kept = file->is_there;
		settle_changes(file);
	}
	disk.is_dead = disk.has_failed = false;
	disk.die_at = disk.fail_at = disk.syncs_left = 0;
	disk.life++;
}

/* --- names
 * ------------------------------------------------------------------------------------------ */

static struct disk_file *find(const char *name)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (disk.files[i].is_used && strcmp(disk.files[i].name, name) == 0)
			return &disk.files[i];
	return NULL;
}

static struct disk_file *new_file(void)
{
	for (size_t i = 0; i < FILES_MAX; i++)
		if (!disk.files[i].is_used) {
			disk.files[i].is_used = true;
			return &disk.files[i];
		}
	cp_check_failed("files <= FILES_MAX", __FILE__, __LINE__);
}

bool disk_exists(const char *name)
{
	const struct disk_file *file = find(name);

	return file && file->is_there;
}

struct disk_file *disk_open(const char *name, bool may_create)
{
	struct disk_file *file = find(name);

	if (file && file->is_there)
		return file;
	if (!may_create || begin_operation() != DISK_OK)
		return NULL;
	if (!file) {
		file = new_file();
		CP_CHECK(strlen(name) < NAME_BYTES);
		memcpy(file->name, name, strlen(name) + 1);
	}
	file->is_there = true;
	add_change(file, true, 0, 0, NULL);
	cut(&file->now, 0);
	return file;
}

struct disk_file *disk_open_nameless(void)
{
	struct disk_file *file = new_file();

	file->is_nameless = true;
	return file;
}

void disk_close_nameless(struct disk_file *file)
{
	free_file(file);
}

enum disk_result disk_remove(const char *name, bool is_durable)
{
	struct disk_file *file = find(name);
	enum disk_result result = begin_operation();

	if (result || !file)
		return result;
	file->is_there = false;
	if (is_durable)
		file->is_name_kept = false;
	add_change(file, true, 0, 0, NULL);
	cut(&file->now, 0);
	return DISK_OK;
}

/* --- contents of files
 * ----------------------------------------------------------------------------- */

const char *disk_name(const struct disk_file *file)
{
	return file->name;
}

size_t disk_len(const struct disk_file *file)
{
	return file->now.len;
}

size_t disk_read(const struct disk_file *file, size_t at, size_t len, void *out)
{
	size_t there = at < file->now.len ? file->now.len - at : 0;

	if (len > there)
		len = there;
	if (len > 0)
		memcpy(out, file->now.bytes + at, len);
	return len;
}

enum disk_result disk_write(struct disk_file *file, size_t at, size_t len, const void *bytes)
{
	int64_t more = at + len > file->now.len ? (int64_t)(at + len - file->now.len) : 0;

	if (file->is_nameless) {
		put(&file->now, at, len, bytes);
		return DISK_OK;
	}
	if (more > disk.room)
		return disk.is_dead ? DISK_DEAD : DISK_FULL;
	bool was_dead = disk.is_dead;
	enum disk_result result = begin_operation();
	if (result == DISK_FAILED || was_dead)
		return result;
	add_change(file, false, at, len, bytes);
	put(&file->now, at, len, bytes);
	if (disk.room != INT64_MAX)
		disk.room -= more;
	return result;
}

enum disk_result disk_truncate(struct disk_file *file, size_t len)
{
	enum disk_result result = file->is_nameless ? DISK_OK : begin_operation();

	if (result)
		return result;
	if (disk.room != INT64_MAX && len < file->now.len)
		disk.room += (int64_t)(file->now.len - len);
	if (!file->is_nameless)
		add_change(file, true, len, 0, NULL);
	cut(&file->now, len);
	return DISK_OK;
}

static void sync_in_part(struct disk_file *file)
{
	for (size_t i = 0; i < file->change_count; i++)
		if (rng_percent(&disk.dice, 50))
			keep(file, &file->changes[i]);
	forget_changes(file);
}

enum disk_result disk_sync(struct disk_file *file)
{
	if (file->is_nameless)
		return DISK_OK;
	if (disk.syncs_left > 0 && --disk.syncs_left == 0)
		*(disk.is_sync_failing ? &disk.fail_at : &disk.die_at) = disk.operations + 1;
	if (disk.has_failed && rng_percent(&disk.dice, 50))
		disk.fail_at = disk.operations + 1; /* it rarely fails once only */
	enum disk_result result = begin_operation();
	if (result == DISK_FAILED)
		sync_in_part(file);
	if (result)
		return result;
	for (size_t i = 0; i < file->change_count; i++)
		keep(file, &file->changes[i]);
	forget_changes(file);
	file->is_name_kept = true;
	return DISK_OK;
}
