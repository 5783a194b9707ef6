#include "shell/reload.h"

#include "io/clock.h"
#include "io/config_policy.h"
#include "io/log.h"
#include "io/systemd.h"
#include "shell/reload_set.h"

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
	const char *path;
	struct config *config;   /* in force */
	const char *ticket_keys; /* their file */
	struct reload_ops ops;
	void *ctx;
	struct tls_config *tls; /* in force */
	struct reload_shown shown;
	struct stamp registry;
	struct reload_counters counters;
	enum reload_kind running;
	enum reload_kind wanted; /* when that is over */
	bool is_on_pool;         /* the pool has what follows */
	struct reload_set set;   /* ALL; then the ledger's, until it has answered */
	struct ledger_limits limits;
	struct stamp registry_before;
	struct tls_config *base; /* the others */
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

static void start(struct reload *reload);

static void over(struct reload *reload)
{
	if (reload->running == RELOAD_ALL)
		systemd_ready();
	reload->running = RELOAD_NOTHING;
	start(reload);
}

/* --- registry and ticket keys ------------------------------------------------ */

static void renew_keys(struct reload *reload)
{
	reload->keys_err = ticket_keys_renew(
	    reload->ticket_keys, clock_wall(), &reload->keys, &reload->keys_error);
}

static void renew(struct reload *reload)
{
	struct tls_files files = reload_files(reload->config, &reload->keys);

	renew_keys(reload);
	reload->err = tls_config_renew(reload->base, &files, &reload->made, &reload->error);
}

static void tell_keys(const struct reload *reload)
{
	if (reload->keys_err)
		log_warning(
		    "TLS tickets do not outlive a restart, so devices need full handshakes then: "
		    "%s",
		    reload->keys_error.text);
}

static void set_tls(struct reload *reload, struct tls_config *tls)
{
	tls_config_drop(reload->tls);
	reload->tls = tls;
}

static void take_renewed(struct reload *reload)
{
	tell_keys(reload);
	tls_config_drop(reload->base);
	if (reload->err) {
		reload->counters.failed++;
		log_event(RELOAD_FAILED,
		    "cannot take the new registry, what was in use stays so: %s",
		    reload->error.text);
		return;
	}
	set_tls(reload, reload->made);
	reload->made = NULL;
	reload->ops.renewed(reload->ctx, reload->tls);
	if (reload->running == RELOAD_KEYS)
		return;
	reload->counters.done++;
	log_event(RELOADED, "took the new registry: %zu certificates are registered",
	    tls_config_device_count(reload->tls));
}

/* --- everything ---------------------------------------------------------------- */

/* A change of the registry that came with it is seen again by the timer. */
static void refuse(struct reload *reload)
{
	reload->counters.failed++;
	reload->registry = reload->registry_before;
	reload_set_deinit(&reload->set);
	over(reload);
}

static void judge(struct reload *reload)
{
	const struct config *next = &reload->set.config;

	reload->limits = (struct ledger_limits){
	    .reserve_bytes = next->store.reserve_bytes,
	    .outbox_max_bytes = next->upstream.outbox_max_bytes,
	    .outbox_days = next->upstream.outbox_days,
	};
	const struct own_policy own = {
	    .orders = next->own->orders, .count = next->own->count, .limits = &reload->limits};
	reload->ops.judge(reload->ctx, &own);
}

static void take_all(struct reload *reload)
{
	if (reload->set.err) {
		reload_set_say_faults(&reload->set);
		refuse(reload);
	} else if (reload->ops.prepare(reload->ctx, &reload->set.config)) {
		log_event(RELOAD_FAILED, RELOAD_REFUSED);
		refuse(reload);
	} else {
		judge(reload);
	}
}

/* Nothing of this can fail. */
static void swap(struct reload *reload, const char *news)
{
	struct reload_set *set = &reload->set;
	bool has_new_head_office;
	unsigned changes =
	    reload_set_say_changes(set, reload->config, &reload->shown, &has_new_head_office);

	struct config before = *reload->config;
	*reload->config = set->config;
	set->config = before;
	reload->shown = set->shown;
	set_tls(reload, set->tls);
	set->tls = NULL;
	if (news[0])
		log_notice("reload: the policy has changed, in force from now on: %s", news);
	reload->ops.taken(reload->ctx, reload->tls, has_new_head_office);
	reload->counters.done++;
	log_event(RELOADED,
	    "reloaded: %u of settings and certificates have changed, %s; %zu devices are "
	    "registered",
	    changes, news[0] ? "the policy as well" : "the policy has not",
	    tls_config_device_count(reload->tls));
}

void reload_settled(struct reload *reload, const struct batch *batch)
{
	const struct own_policy *own = &batch->own;

	if (!reload || !own->orders || own->limits != &reload->limits)
		return;
	if (!own->is_taken) {
		log_event(RELOAD_FAILED, "reload: nothing is taken, because the disk is full; free "
		                         "some space and reload again");
		reload->ops.abandon(reload->ctx);
		refuse(reload);
		return;
	}
	swap(reload, own->news);
	reload_set_deinit(&reload->set);
	over(reload);
}

/* --- the pool ------------------------------------------------------------------- */

static void on_pool(uv_work_t *work)
{
	struct reload *reload = work->data;

	if (reload->running == RELOAD_ALL)
		reload_set_read(&reload->set, reload->path, &reload->keys);
	else
		renew(reload);
}

static void free_if_over(struct reload *reload)
{
	if (reload->is_on_pool || !reload->is_timer_closed)
		return;
	reload_set_deinit(&reload->set);
	tls_config_drop(reload->made);
	tls_config_drop(reload->tls);
	explicit_bzero(&reload->keys, sizeof(reload->keys));
	free(reload);
}

static void on_worked(uv_work_t *work, int status)
{
	struct reload *reload = work->data;

	(void)status;
	reload->is_on_pool = false;
	if (reload->is_closing) {
		if (reload->running != RELOAD_ALL)
			tls_config_drop(reload->base);
		free_if_over(reload);
	} else if (reload->running == RELOAD_ALL) {
		take_all(reload);
	} else {
		take_renewed(reload);
		over(reload);
	}
}

static void start(struct reload *reload)
{
	if (reload->wanted == RELOAD_NOTHING || reload->running != RELOAD_NOTHING)
		return;
	reload->running = reload->wanted;
	reload->wanted = RELOAD_NOTHING;
	/* Before it is read: a change meanwhile is a change. */
	reload->registry_before = reload->registry;
	reload->registry = stamp_of(reload->config->listener.registry);
	if (reload->running == RELOAD_ALL) {
		systemd_reloading(clock_mono());
	} else {
		reload->keys_tried_at = clock_mono();
		reload->base = tls_config_hold(reload->tls);
	}
	reload->is_on_pool = true;
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
	struct stamp now = stamp_of(reload->config->listener.registry);

	if (reload->running != RELOAD_NOTHING)
		return;
	if (!stamp_eq(&now, &reload->registry))
		want(reload, RELOAD_REGISTRY);
	else if (needs_key(reload))
		want(reload, RELOAD_KEYS);
}

/* --- life ----------------------------------------------------------------- */

static enum cp_err read_first(struct reload *reload, struct pki_error *error)
{
	struct tls_files files = reload_files(reload->config, &reload->keys);

	reload->registry = stamp_of(files.registry);
	renew_keys(reload);
	tell_keys(reload);
	reload->keys_tried_at = clock_mono();
	enum cp_err err = tls_config_new(&files, &reload->tls, error);
	if (err)
		return err;
	tls_show(reload->tls, &reload->shown.devices);
	/* At the start head office may be wrong: devices are served all the same. */
	if (reload_show_head_office(reload->config, &reload->shown.head_office, &reload->error))
		log_warning("head office: %s", reload->error.text);
	return CP_OK;
}

enum cp_err reload_open(uv_loop_t *loop, const char *path, struct config *config,
    const char *ticket_keys, const struct reload_ops *ops, void *ctx, struct reload **out,
    struct pki_error *error)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	*out = NULL;
	if (!reload)
		return pki_fail(error, CP_NOMEM, "no memory for the certificates");
	reload->path = path;
	reload->config = config;
	reload->ticket_keys = ticket_keys;
	reload->ops = *ops;
	reload->ctx = ctx;
	enum cp_err err = read_first(reload, error);
	if (err) {
		free(reload);
		return err;
	}
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
