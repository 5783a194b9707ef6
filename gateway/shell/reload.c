#include "shell/reload.h"

#include "io/clock.h"
#include "io/log.h"
#include "io/systemd.h"

#include <stdlib.h>
#include <sys/stat.h>

#define LOOK_MS 1000
#define KEYS_AGAIN_MS (10 * MS_PER_MINUTE) /* after a renewal that failed */

/* Whether a file is still the one that was read: it is replaced, or written to. */
struct stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec written;
};

enum reload_kind {
	RELOAD_NOTHING,
	RELOAD_KEYS,
	RELOAD_REGISTRY,
	RELOAD_ALL,
};

struct reload {
	const struct tls_files *files;
	const char *ticket_keys; /* their file */
	reload_fn *changed;
	void *ctx;
	struct tls_config *tls;
	struct stamp registry;
	struct reload_counters counters;
	enum reload_kind running; /* the pool has what follows */
	enum reload_kind wanted;  /* when that is over */
	struct tls_config *base;
	struct tls_config *made;
	struct ticket_keys keys;
	mono_ms keys_tried_at;
	enum cp_err err;
	enum cp_err keys_err;
	struct pki_error error;
	struct pki_error keys_error;
	uv_work_t work;
	uv_timer_t timer;
	bool is_closing;
	bool is_timer_closed;
};

static struct stamp stamp_of(const char *path)
{
	struct stat now;

	if (stat(path, &now))
		return (struct stamp){0}; /* differs from every file's */
	return (struct stamp){now.st_dev, now.st_ino, now.st_size, now.st_mtim};
}

static bool stamp_eq(const struct stamp *a, const struct stamp *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       a->written.tv_sec == b->written.tv_sec && a->written.tv_nsec == b->written.tv_nsec;
}

/* --- one reload ----------------------------------------------------------- */

static void start(struct reload *reload);

static void read_files(struct reload *reload)
{
	struct tls_files files = *reload->files;
	struct pki_error again;

	files.tickets = &reload->keys;
	reload->keys_err = ticket_keys_renew(
	    reload->ticket_keys, clock_wall(), &reload->keys, &reload->keys_error);
	if (reload->running != RELOAD_ALL) {
		reload->err = tls_config_renew(reload->base, &files, &reload->made, &reload->error);
		return;
	}
	reload->err = tls_config_new(&files, &reload->made, &reload->error);
	if (reload->err && reload->base) /* a revocation does not wait for a good certificate */
		(void)!tls_config_renew(reload->base, &files, &reload->made, &again);
}

static void on_pool(uv_work_t *work)
{
	read_files(work->data);
}

static void tell_keys(const struct reload *reload)
{
	if (reload->keys_err)
		log_warning(
		    "TLS tickets do not outlive a restart, so devices need full handshakes then: "
		    "%s",
		    reload->keys_error.text);
}

static void take(struct reload *reload)
{
	const char *what = reload->running == RELOAD_ALL ? "certificates" : "registry";

	tell_keys(reload);
	if (reload->err) {
		reload->counters.failed++;
		log_event(RELOAD_FAILED, "cannot take the new %s, what was in use stays so: %s",
		    what, reload->error.text);
		what = "registry";
	}
	if (!reload->made)
		return;
	tls_config_drop(reload->tls);
	reload->tls = reload->made;
	reload->made = NULL;
	reload->changed(reload->ctx, reload->tls);
	if (reload->running == RELOAD_KEYS)
		return;
	reload->counters.done++;
	log_event(RELOADED, "took the new %s: %zu certificates are registered", what,
	    tls_config_device_count(reload->tls));
}

static void free_if_over(struct reload *reload)
{
	if (reload->running != RELOAD_NOTHING || !reload->is_timer_closed)
		return;
	tls_config_drop(reload->made);
	tls_config_drop(reload->tls);
	explicit_bzero(&reload->keys, sizeof(reload->keys));
	free(reload);
}

static void on_worked(uv_work_t *work, int status)
{
	struct reload *reload = work->data;

	(void)status;
	tls_config_drop(reload->base);
	if (!reload->is_closing) {
		take(reload);
		if (reload->running == RELOAD_ALL)
			systemd_ready();
	}
	reload->running = RELOAD_NOTHING;
	if (reload->is_closing)
		free_if_over(reload);
	else
		start(reload);
}

static void start(struct reload *reload)
{
	if (reload->wanted == RELOAD_NOTHING || reload->running != RELOAD_NOTHING)
		return;
	reload->running = reload->wanted;
	reload->wanted = RELOAD_NOTHING;
	/* Before it is read: a change meanwhile is a change. */
	reload->registry = stamp_of(reload->files->registry);
	reload->keys_tried_at = clock_mono();
	reload->base = tls_config_hold(reload->tls);
	CP_CHECK(uv_queue_work(reload->timer.loop, &reload->work, on_pool, on_worked) == 0);
}

static void want(struct reload *reload, enum reload_kind kind)
{
	if (reload->wanted < kind)
		reload->wanted = kind;
	start(reload);
}

void reload_all(struct reload *reload)
{
	systemd_reloading(clock_mono());
	want(reload, RELOAD_ALL);
}

static bool needs_key(const struct reload *reload)
{
	return ticket_keys_are_due(&reload->keys, clock_wall()) &&
	       clock_mono() - reload->keys_tried_at >= KEYS_AGAIN_MS;
}

static void on_timer(uv_timer_t *timer)
{
	struct reload *reload = timer->data;
	struct stamp now = stamp_of(reload->files->registry);

	if (reload->running != RELOAD_NOTHING)
		return;
	if (!stamp_eq(&now, &reload->registry))
		want(reload, RELOAD_REGISTRY);
	else if (needs_key(reload))
		want(reload, RELOAD_KEYS);
}

/* --- life ----------------------------------------------------------------- */

enum cp_err reload_open(uv_loop_t *loop, const struct tls_files *files, const char *ticket_keys,
    reload_fn *changed, void *ctx, struct reload **out, struct pki_error *error)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	*out = NULL;
	if (!reload)
		return pki_fail(error, CP_NOMEM, "no memory for the certificates");
	reload->files = files;
	reload->ticket_keys = ticket_keys;
	reload->running = RELOAD_ALL;
	reload->changed = changed;
	reload->ctx = ctx;
	reload->registry = stamp_of(files->registry);
	read_files(reload);
	tell_keys(reload);
	reload->running = RELOAD_NOTHING;
	if (reload->err) {
		enum cp_err err = reload->err;
		*error = reload->error;
		free(reload);
		return err;
	}
	reload->tls = reload->made;
	reload->made = NULL;
	reload->work.data = reload->timer.data = reload;
	CP_CHECK(uv_timer_init(loop, &reload->timer) == 0);
	CP_CHECK(uv_timer_start(&reload->timer, on_timer, LOOK_MS, LOOK_MS) == 0);
	*out = reload;
	return CP_OK;
}

struct tls_config *reload_tls(const struct reload *reload)
{
	return reload->tls;
}

const struct reload_counters *reload_counters(const struct reload *reload)
{
	return &reload->counters;
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct reload *reload = handle->data;

	reload->is_timer_closed = true;
	free_if_over(reload);
}

void reload_close(struct reload *reload)
{
	if (!reload)
		return;
	reload->is_closing = true;
	uv_close((uv_handle_t *)&reload->timer, on_timer_closed);
}
