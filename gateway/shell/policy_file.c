#include "shell/policy_file.h"

#include "io/config.h"
#include "io/config_policy.h"
#include "io/log.h"

#include <stdlib.h>
#include <uv.h>

struct policy_file {
	const char *path;
	struct intake *intake;
	uv_loop_t *loop;
	uv_work_t work;
	struct config_own own; /* read, and at the ledger until that is settled */
	struct buf faults;
	enum cp_err err;
	bool is_reading;
	bool is_at_ledger;
	bool is_wanted; /* again, when this is over */
	bool is_closing;
};

static void start(struct policy_file *file);

static void free_if_over(struct policy_file *file)
{
	if (file->is_reading || !file->is_closing)
		return;
	config_own_free(&file->own);
	buf_deinit(&file->faults);
	free(file);
}

/* --- reading ------------------------------------------------------------------------- */

static void on_pool(uv_work_t *work)
{
	struct policy_file *file = work->data;

	file->err = config_own_load(&file->own, file->path, &file->faults);
}

/* A line each, as `carepace check-config` has them. */
static void say_faults(struct policy_file *file)
{
	struct slice text = buf_bytes(&file->faults);

	log_event(RELOAD_FAILED, "the policy file is not taken, what was in force stays so: %s",
	    text.len ? "it has faults" : cp_err_text(file->err));
	while (text.len) {
		const uint8_t *end = memchr(text.p, '\n', text.len);
		size_t len = end ? (size_t)(end - text.p) : text.len;
		log_error("%.*s", (int)len, (const char *)text.p);
		len += end ? 1 : 0;
		text = slice_of(text.p + len, text.len - len);
	}
}

static void hand_over(struct policy_file *file)
{
	intake_batch(file->intake)->own =
	    (struct own_policy){.orders = file->own.orders, .count = file->own.count};
	file->is_at_ledger = true;
	intake_added(file->intake, true);
}

static void on_read(uv_work_t *work, int status)
{
	struct policy_file *file = work->data;

	(void)status;
	file->is_reading = false;
	if (file->is_closing) {
		free_if_over(file);
		return;
	}
	if (!file->err) {
		hand_over(file);
		return;
	}
	say_faults(file);
	start(file);
}

static void start(struct policy_file *file)
{
	if (!file->is_wanted || file->is_reading || file->is_at_ledger)
		return;
	file->is_wanted = false;
	file->is_reading = true;
	config_own_free(&file->own);
	buf_deinit(&file->faults);
	buf_init(&file->faults, CONFIG_FAULTS_MAX_BYTES);
	CP_CHECK(uv_queue_work(file->loop, &file->work, on_pool, on_read) == 0);
}

void policy_file_reload(struct policy_file *file)
{
	if (!file)
		return;
	file->is_wanted = true;
	start(file);
}

/* --- taken ----------------------------------------------------------------------------- */

void policy_file_settled(struct policy_file *file, const struct batch *batch)
{
	const struct own_policy *own = &batch->own;

	if (!file || !own->orders)
		return;
	if (!own->is_taken)
		log_error("the policy file %s is not taken: the disk is full; free some space and "
		          "reload again",
		    file->path);
	else if (own->news[0])
		log_event(RELOADED,
		    "took the policy file %s; changed, and in force from now on: %s", file->path,
		    own->news);
	else
		log_notice("read the policy file %s: nothing changed", file->path);
	file->is_at_ledger = false;
	start(file);
}

/* --- life ------------------------------------------------------------------------------ */

enum cp_err policy_file_open(
    struct uv_loop_s *loop, const char *path, struct intake *intake, struct policy_file **out)
{
	*out = NULL;
	if (!path)
		return CP_OK;
	struct policy_file *file = calloc(1, sizeof(*file));
	if (!file)
		return CP_NOMEM;
	file->loop = loop;
	file->path = path;
	file->intake = intake;
	file->work.data = file;
	*out = file;
	return CP_OK;
}

void policy_file_close(struct policy_file *file)
{
	if (!file)
		return;
	file->is_closing = true;
	free_if_over(file);
}
