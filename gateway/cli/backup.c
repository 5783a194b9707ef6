#include "ledger/backup.h"

#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/interrupt.h"
#include "cli/one_file.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/source.h"
#include "io/box_key.h"
#include "io/clock.h"
#include "io/last_backup.h"
#include "ledger/ledger.h"
#include "pki/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NICE 10 /* devices come first */

/* 25 s of 2,000 messages a second (TRAPS 7); gigabytes are copied meanwhile. */
#define LOG_BYTES_MAX (INT64_C(256) << 20)

/* One name for all: what a backup that was killed has left is found by the next. */
#define PART_FILE_NAME "carepace-backup.part"

/* So that what lies in memory for the disk does not make the gateway's fsync wait. */
#define SYNC_BYTES (8 << 20)

struct job {
	const struct one_file *request;
	struct cli_source *source;
	const char *store; /* its folder */
	char file[PATH_MAX];
	char folder[PATH_MAX]; /* where the file will lie */
	char part[PATH_MAX];
	int fd; /* of the part */
	int64_t bytes;
	wall_ms at;
	mono_ms took_ms;
	struct progress progress;
	bool is_drawn;
	int64_t synced_bytes;
};

static int refuse(const struct job *job, const char *what, const char *why)
{
	cli_say(&job->request->options, "%s %s", what, why);
	return CLI_UNREADABLE;
}

/* --- where to -------------------------------------------------------------------------- */

static bool is_same_folder(const char *a, const char *b)
{
	struct stat sta;
	struct stat stb;

	return stat(a, &sta) == 0 && stat(b, &stb) == 0 && sta.st_dev == stb.st_dev &&
	       sta.st_ino == stb.st_ino;
}

static int find_place(struct job *job)
{
	char copy[PATH_MAX];
	struct stat st;

	if (strlen(job->request->file) >= PATH_MAX - sizeof(PART_FILE_NAME))
		return refuse(job, job->request->file, "is too long a name");
	snprintf(job->file, sizeof(job->file), "%s", job->request->file);
	snprintf(copy, sizeof(copy), "%s", job->file);
	snprintf(job->folder, sizeof(job->folder), "%s", dirname(copy));
	snprintf(job->part, sizeof(job->part), "%.*s/" PART_FILE_NAME,
	    (int)(sizeof(job->part) - sizeof("/" PART_FILE_NAME)), job->folder);
	if (access(job->folder, W_OK | X_OK) < 0)
		return refuse(job, job->folder,
		    errno == ENOENT ? "does not exist: make the folder first"
		                    : "cannot be written in by this user");
	if (is_same_folder(job->folder, job->store))
		return refuse(job, job->file,
		    "would lie in the store's own folder, and be lost with it: name a file "
		    "elsewhere, best on another disk");
	if (lstat(job->file, &st) < 0)
		return CLI_OK;
	if (!S_ISREG(st.st_mode))
		return refuse(job, job->file, "exists and is not a file");
	return job->request->is_forced ? CLI_OK
	                               : refuse(job, job->file, "exists; --force replaces it");
}

static bool is_on_disk_of(const char *a, const char *b)
{
	struct stat sta;
	struct stat stb;

	return stat(a, &sta) == 0 && stat(b, &stb) == 0 && sta.st_dev == stb.st_dev;
}

/* Beside the store a copy must leave the gateway its reserve and its log. */
static int look_for_room(struct job *job)
{
	char why[256];
	int64_t used;
	int64_t total;

	if (backup_measure(job->source->path, &job->bytes, why))
		return refuse(job, job->source->path, why);
	int64_t wanted = job->bytes;
	if (is_on_disk_of(job->folder, job->store))
		wanted += job->source->config.store.reserve_bytes + LOG_BYTES_MAX;
	ledger_disk(job->folder, &used, &total);
	if (!total || total - used >= wanted)
		return CLI_OK;
	char free[DOCTOR_SIZE_BYTES];
	char needed[DOCTOR_SIZE_BYTES];
	cli_say(&job->request->options, "there is no room in %s: %s are free, %s are needed",
	    job->folder, doctor_size(total - used, free), doctor_size(wanted, needed));
	return CLI_UNREADABLE;
}

static void remove_part(const struct job *job)
{
	static const char *const more[] = {"", "-journal", "-wal", "-shm"};
	char path[PATH_MAX + 16];

	for (size_t i = 0; i < CP_COUNT(more); i++) {
		snprintf(path, sizeof(path), "%s%s", job->part, more[i]);
		(void)unlink(path);
	}
}

/* Another backup's part must neither be written into nor be waited for; it may become a whole
 * one between our open() and our lock. */
static int open_part(struct job *job)
{
	struct stat st;
	struct stat named;

	job->fd =
	    open(job->part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, (mode_t)(S_IRUSR | S_IWUSR));
	if (job->fd < 0)
		return refuse(job, job->part, strerror(errno));
	bool is_ours = flock(job->fd, LOCK_EX | LOCK_NB) == 0 && fstat(job->fd, &st) == 0 &&
	               lstat(job->part, &named) == 0 && st.st_ino == named.st_ino &&
	               st.st_dev == named.st_dev;
	if (is_ours && ftruncate(job->fd, 0) == 0 && fchmod(job->fd, S_IRUSR | S_IWUSR) == 0)
		return CLI_OK;
	close(job->fd);
	job->fd = -1;
	return refuse(job, job->folder, "is where another backup is being made; wait for it");
}

/* --- copying ----------------------------------------------------------------------------- */

static bool goes_on(void *ctx, int64_t done, int64_t total)
{
	struct job *job = ctx;

	if (total && !job->is_drawn)
		progress_begin(&job->progress, "copying", total);
	job->is_drawn = total != 0;
	if (total)
		progress_at(&job->progress, done);
	else
		progress_end(&job->progress);
	int64_t done_bytes = total ? job->bytes / total * done : 0;
	if (done_bytes > job->synced_bytes + SYNC_BYTES) {
		(void)fdatasync(job->fd); /* the last one counts */
		job->synced_bytes = done_bytes;
	}
	return !interrupt_came();
}

static int copy(struct job *job)
{
	uint8_t box_key[HASH_BYTES];
	struct pki_error error;
	char why[256];
	struct backup_source from = {
	    .path = job->source->path,
	    .log_bytes_max = LOG_BYTES_MAX,
	    .now = job->at,
	    .version = CAREPACE_VERSION,
	};
	const struct backup_watch watch = {.goes_on = goes_on, .ctx = job};
	enum cp_err err = box_key_read(job->store, box_key, &error);

	if (err && err != CP_NOTFOUND) {
		cli_say(&job->request->options, "%s", error.text);
		return CLI_UNREADABLE;
	}
	from.box_key = err ? NULL : box_key;
	err = backup_make(&from, job->part, &watch, why);
	progress_end(&job->progress);
	if (!err)
		return CLI_OK;
	if (err == CP_CORRUPT || err == CP_NEWER)
		return refuse(job, job->source->path, why);
	if (err == CP_NOSPACE)
		snprintf(why, sizeof(why), "the disk is full");
	cli_say(&job->request->options, "no backup was made: %s", why);
	return CLI_UNREADABLE;
}

/* What was named meanwhile is not replaced either. */
static bool name_file(const struct job *job)
{
	unsigned flags = job->request->is_forced ? 0 : RENAME_NOREPLACE;

	if (renameat2(AT_FDCWD, job->part, AT_FDCWD, job->file, flags) == 0)
		return true;
	/* A file system that cannot promise it. */
	return flags && errno == EINVAL && access(job->file, F_OK) < 0 &&
	       rename(job->part, job->file) == 0;
}

static int make_durable(struct job *job)
{
	struct pki_error error;
	struct stat st;

	if (fsync(job->fd) < 0 || fstat(job->fd, &st) < 0)
		return refuse(job, "no backup was made:", strerror(errno));
	if (interrupt_came())
		return refuse(job, "no backup was made:", "interrupted");
	if (!name_file(job))
		return refuse(job, job->file,
		    errno == EEXIST ? "exists; --force replaces it" : strerror(errno));
	if (file_sync_dir(job->folder, &error)) {
		cli_say(&job->request->options, "%s", error.text);
		return CLI_UNREADABLE;
	}
	job->bytes = st.st_size;
	return CLI_OK;
}

/* It is made, whoever hears of it. */
static void remember(const struct job *job)
{
	struct last_backup last = {.at = job->at, .bytes = job->bytes};
	struct pki_error error;
	char *path = realpath(job->file, NULL);

	snprintf(last.file, sizeof(last.file), "%s", path ? path : job->file);
	free(path);
	if (last_backup_save(job->store, &last, &error))
		cli_say(&job->request->options,
		    "the backup is made, but carepace status will not know of it: %s", error.text);
}

/* --- the command ---------------------------------------------------------------------------- */

static int tell(const struct job *job)
{
	const struct cli_options *options = &job->request->options;
	char when[WHEN_BYTES];
	char size[DOCTOR_SIZE_BYTES];

	if (options->is_json) {
		json_t *object = json_object();
		json_put_text(object, "file", job->file);
		json_put_int(object, "bytes", job->bytes);
		json_put_time(object, "made", &job->source->zone, job->at);
		json_put_int(object, "took_ms", job->took_ms);
		json_print(object);
	} else {
		printf("%s holds the store as it was on %s: %s.\nThe configuration and the "
		       "certificates are not in it: keep a copy of /etc/carepace, too.\n",
		    job->file, when_long(&job->source->zone, job->at, when),
		    doctor_size(job->bytes, size));
	}
	return cli_finish(options);
}

static int back_up(struct job *job)
{
	int status = open_part(job);

	if (status)
		return status;
	status = copy(job);
	if (!status)
		status = make_durable(job);
	if (status)
		remove_part(job);
	else
		remember(job);
	close(job->fd);
	return status;
}

static int work(struct cli_source *source, const struct one_file *request)
{
	const struct cli_options *options = &request->options;
	struct job job = {
	    .request = request,
	    .source = source,
	    .store = options->store_path ? options->store_path : source->config.store.path,
	    .at = clock_wall(),
	};
	mono_ms began_at = clock_mono();

	if (nice(NICE) < 0) {
		/* not nice then */
	}
	int status = find_place(&job);
	if (!status)
		status = look_for_room(&job);
	if (status)
		return status;
	interrupt_hold();
	status = back_up(&job);
	interrupt_release();
	job.took_ms = clock_mono() - began_at;
	return status ? status : tell(&job);
}

int cli_backup(int argc, char **argv)
{
	static const struct argp_option own[] = {
	    {"force", ONE_FILE_KEY_FORCE, NULL, 0, "Replace FILE if it exists.", 0},
	    {0},
	};
	static const struct cli_syntax syntax = {
	    .name = "backup",
	    .takes = CLI_TAKES_ALL,
	    .arguments = "FILE",
	    .about = "Copies the store into one file, beside the running gateway: as it is at one "
	             "moment, checked, durable. It holds treatment records and the key of the "
	             "box: keep it as you keep the box. carepace restore brings it back. The "
	             "configuration and the certificates, /etc/carepace, are not in it.",
	    .options = own,
	    .parse = one_file_parse,
	};

	return one_file_run(&syntax, argc, argv, "name the file to make", work);
}
