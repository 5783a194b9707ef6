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
#include "io/folder.h"
#include "io/restore_folder.h"
#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STEP_BYTES (1 << 20)
#define STAMP_BYTES 24

struct job {
	const struct one_file *request;
	struct cli_source *source;
	const char *store; /* its folder */
	char prepared[PATH_MAX];
	char former[PATH_MAX];
	struct backup_facts facts;
	int64_t bytes;
	wall_ms now;
	struct progress progress;
};

static int refuse(const struct job *job, const char *what, const char *why)
{
	cli_say(&job->request->options, "%s %s", what, why);
	return CLI_UNREADABLE;
}

/* --- may it be? ---------------------------------------------------------------------------- */

static int check_file(struct job *job)
{
	const char *file = job->request->file;
	struct stat st;
	char why[256];

	if (stat(file, &st) < 0)
		return refuse(job, file, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return refuse(job, file, "is not a file");
	if (access(file, R_OK) < 0)
		return refuse(job, file, strerror(errno));
	job->bytes = st.st_size;
	return backup_look(file, &job->facts, why) ? refuse(job, file, why) : CLI_OK;
}

static int check_site(struct job *job)
{
	const char *site = job->source->site;

	if (!site[0] || strcmp(site, job->facts.site) == 0 || job->request->is_forced)
		return CLI_OK;
	cli_say(&job->request->options,
	    "%s is of the site %s, and this box is %s; --force restores it all the same",
	    job->request->file, job->facts.site, site);
	return CLI_UNREADABLE;
}

static int check_room(struct job *job)
{
	int64_t wanted = job->bytes + job->source->config.store.reserve_bytes;
	int64_t used;
	int64_t total;
	char free[DOCTOR_SIZE_BYTES];
	char needed[DOCTOR_SIZE_BYTES];

	ledger_disk(job->store, &used, &total);
	if (!total || total - used >= wanted)
		return CLI_OK;
	cli_say(&job->request->options,
	    "there is no room in %s: %s are free, %s are needed; the present store stays beside "
	    "the restored one",
	    job->store, doctor_size(total - used, free), doctor_size(wanted, needed));
	return CLI_UNREADABLE;
}

/* --- prepare --------------------------------------------------------------------------------- */

static bool write_all(int fd, const char *bytes, ssize_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, (size_t)len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		len -= n;
	}
	return true;
}

static bool copy_bytes(struct job *job, int from, int to)
{
	char *bytes = malloc(STEP_BYTES);
	int64_t done = 0;
	ssize_t n = bytes ? read(from, bytes, STEP_BYTES) : -1;

	while (n > 0 && !interrupt_came() && write_all(to, bytes, n)) {
		progress_at(&job->progress, done += n);
		n = read(from, bytes, STEP_BYTES);
	}
	free(bytes);
	return n == 0 && fsync(to) == 0;
}

static int copy_file(struct job *job, const char *path)
{
	int from = open(job->request->file, O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)(S_IRUSR | S_IWUSR));

	progress_begin(&job->progress, "copying", job->bytes);
	bool is_copied = from >= 0 && to >= 0 && copy_bytes(job, from, to);
	int error = errno;
	progress_end(&job->progress);
	if (from >= 0)
		close(from);
	if (to >= 0)
		close(to);
	if (is_copied)
		return CLI_OK;
	return refuse(
	    job, "nothing was restored:", interrupt_came() ? "interrupted" : strerror(error));
}

static bool goes_on(void *ctx, int64_t done, int64_t total)
{
	(void)ctx;
	(void)done;
	(void)total;
	return !interrupt_came();
}

static int prepare_store(struct job *job)
{
	static const struct backup_watch watch = {.goes_on = goes_on};
	char path[PATH_MAX + sizeof(LEDGER_FILE_NAME)];
	char why[256];

	snprintf(path, sizeof(path), "%s/" LEDGER_FILE_NAME, job->prepared);
	int status = copy_file(job, path);
	if (status)
		return status;
	restore_give(job->store, path);
	switch (backup_open_as_store(path, job->source->site, job->now, &watch, why)) {
	case CP_OK:
		return CLI_OK;
	case CP_CORRUPT:
		return refuse(job, job->request->file, why);
	default:
		return refuse(job, "nothing was restored:", why);
	}
}

/* Aliases of clients who were forgotten are made with it. */
static int prepare_key(const struct job *job)
{
	char path[PATH_MAX + sizeof(BOX_KEY_FILE_NAME)];
	struct pki_error error;

	if (!job->facts.has_key)
		return CLI_OK;
	if (box_key_save(job->prepared, job->facts.box_key, &error)) {
		cli_say(&job->request->options, "%s", error.text);
		return CLI_UNREADABLE;
	}
	snprintf(path, sizeof(path), "%s/" BOX_KEY_FILE_NAME, job->prepared);
	restore_give(job->store, path);
	return CLI_OK;
}

/* --- decide ------------------------------------------------------------------------------------
 */

static int decide(struct job *job)
{
	char stamp[STAMP_BYTES];
	char why[256];
	time_t now_s = (time_t)(job->now / MS_PER_SECOND);
	struct tm utc;

	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", gmtime_r(&now_s, &utc));
	if (interrupt_came())
		return refuse(job, "nothing was restored:", "interrupted");
	return restore_decide(job->store, stamp, why) ? refuse(job, "nothing was restored:", why)
	                                              : CLI_OK;
}

static int settle(struct job *job)
{
	enum restore_end end;
	char why[256];

	if (restore_settle(job->store, &end, job->former, why))
		return refuse(job, "the restore is not finished:", why);
	return CLI_OK;
}

/* --- the command ---------------------------------------------------------------------------- */

static int tell(const struct job *job)
{
	const struct cli_options *options = &job->request->options;
	char when[WHEN_BYTES];

	if (options->is_json) {
		json_t *object = json_object();
		json_put_text(object, "store", job->source->path);
		json_put_text(object, "site", job->facts.site);
		json_put_time(object, "made", &job->source->zone, job->facts.made_at);
		json_put_text(object, "former", job->former[0] ? job->former : NULL);
		json_print(object);
		return cli_finish(options);
	}
	printf("The store of %s is now as it was on %s.\n", job->facts.site,
	    when_long(&job->source->zone, job->facts.made_at, when));
	if (job->former[0])
		printf("The one before lies in %s; delete that once all is well.\n", job->former);
	puts("Start the gateway: systemctl start carepace. Devices are then asked to send again "
	     "what they still have, and head office is told everything again.");
	return cli_finish(options);
}

static int replace_store(struct job *job)
{
	char why[256];
	enum restore_end end;

	/* Before anything is prepared: what another one has left is finished, or gone. */
	if (restore_settle(job->store, &end, job->former, why) ||
	    restore_prepare(job->store, job->prepared, why))
		return refuse(job, "nothing was restored:", why);
	int status = prepare_store(job);
	if (!status)
		status = prepare_key(job);
	if (!status)
		status = decide(job);
	/* Decided or not: the rest of it, or what was prepared goes. */
	int settled = settle(job);
	return status ? status : settled;
}

static int work(struct cli_source *source, const struct one_file *request)
{
	const struct cli_options *options = &request->options;
	struct job job = {
	    .request = request,
	    .source = source,
	    .store = options->store_path ? options->store_path : source->config.store.path,
	    .now = clock_wall(),
	};
	int (*const steps[])(struct job *) = {check_file, check_site, check_room, replace_store};
	char lock_file[PATH_MAX];
	char why[256];
	int lock;
	int status = CLI_OK;

	switch (folder_hold(job.store, &lock, why)) {
	case CP_OK:
		break;
	case CP_BUSY:
		cli_say(options,
		    "the gateway runs on the store in %s; stop it first: systemctl stop "
		    "carepace.socket carepace.service",
		    job.store);
		return CLI_UNREADABLE;
	default:
		cli_say(options, "%s", why);
		return CLI_UNREADABLE;
	}
	snprintf(lock_file, sizeof(lock_file), "%s/lock", job.store);
	restore_give(job.store, lock_file);
	interrupt_hold();
	for (size_t i = 0; !status && i < CP_COUNT(steps); i++)
		status = steps[i](&job);
	interrupt_release();
	folder_release(lock);
	return status ? status : tell(&job);
}

int cli_restore(int argc, char **argv)
{
	static const struct argp_option own[] = {
	    {"force", ONE_FILE_KEY_FORCE, NULL, 0,
	        "Also a backup of another site, which becomes this one's.", 0},
	    {0},
	};
	static const struct cli_syntax syntax = {
	    .name = "restore",
	    .takes = CLI_TAKES_ALL,
	    .arguments = "FILE",
	    .about = "Makes a backup the store, while the gateway is stopped. The present store is "
	             "not deleted: it is set aside in a folder beside it. When the gateway starts, "
	             "devices are asked to send again what they still have, and head office is "
	             "told everything again.",
	    .options = own,
	    .parse = one_file_parse,
	};

	return one_file_run(&syntax, argc, argv, "name the file that carepace backup made", work);
}
