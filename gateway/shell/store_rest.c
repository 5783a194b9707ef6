#include "shell/store_rest.h"

#include "io/clock.h"
#include "io/control.h"
#include "io/failures.h"
#include "io/folder.h"
#include "io/log.h"
#include "io/systemd.h"
#include "ledger/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <uv.h>

#define LOOK_MS 1000

enum obstacle {
	NOTHING_IN_THE_WAY,
	FOLDER_FAILS,
	FAILED_OFTEN,
	DISK_IS_FULL
};

/* `*err` is the folder's, when a person must act. */
static enum obstacle look(
    const struct config_store *config, int *lock, char *sentence, enum cp_err *err)
{
	wall_ms now = clock_wall();
	int64_t lacking;
	char what[LEDGER_FULL_BYTES];
	char why[256];

	*err = *lock >= 0 ? CP_OK : folder_hold(config->path, lock, why);
	if (*err) {
		snprintf(sentence, STORE_REST_WHY_BYTES,
		    "%s. Nobody is served and nothing is acknowledged, devices keep their "
		    "messages. "
		    "It is tried again every second",
		    why);
		return FOLDER_FAILS;
	}
	wall_ms until = failures_rest_until(config->path, now);
	if (until > now) {
		snprintf(sentence, STORE_REST_WHY_BYTES,
		    "%s: nobody is served and nothing is acknowledged, devices keep their "
		    "messages. Look at the disk (dmesg, smartctl -a). It is tried again in %" PRId64
		    " min, or at once when %s/" FAILURES_FILE_NAME " is deleted",
		    failures_text(what, config->path),
		    (until - now + MS_PER_MINUTE - 1) / MS_PER_MINUTE, config->path);
		return FAILED_OFTEN;
	}
	if (!ledger_has_room(config->path, config->reserve_bytes, &lacking)) {
		snprintf(sentence, STORE_REST_WHY_BYTES,
		    "%s before the store can be opened. Nobody is served, devices keep their "
		    "messages. Carepace goes on by itself when there is room",
		    ledger_full_text(what, lacking, config->path));
		return DISK_IS_FULL;
	}
	return NOTHING_IN_THE_WAY;
}

static void on_look(uv_timer_t *timer)
{
	(void)timer; /* uv_run(UV_RUN_ONCE) returns */
}

static void say(enum obstacle obstacle, enum obstacle before, const char *sentence)
{
	if (obstacle == before)
		return;
	if (obstacle == DISK_IS_FULL)
		log_event(DISK_FULL, "%s", sentence);
	else
		log_event(STORE_FAILED, "%s", sentence);
	systemd_ready(); /* else the service manager would lose patience */
	systemd_status("NOT SERVING: %s", sentence);
}

bool store_is_taken(const struct config_store *config)
{
	if (!folder_is_held(config->path))
		return false;
	log_error("another gateway (process %d) runs on the store in %s: stop it first, or let it "
	          "do its work",
	    control_process(config->path), config->path);
	return true;
}

enum cp_err store_rest(struct uv_loop_s *loop, const struct config_store *config,
    const bool *is_stopping, int *lock, char why[STORE_REST_WHY_BYTES])
{
	enum obstacle before = NOTHING_IN_THE_WAY;
	uv_timer_t timer;
	enum cp_err err;

	CP_CHECK(uv_timer_init(loop, &timer) == 0);
	for (;;) {
		enum obstacle obstacle = look(config, lock, why, &err);
		if (err && err != CP_IO)
			log_error("%s", why);
		if (obstacle == NOTHING_IN_THE_WAY || *is_stopping || (err && err != CP_IO))
			break;
		say(obstacle, before, why);
		before = obstacle;
		uv_timer_start(&timer, on_look, LOOK_MS, 0);
		uv_run(loop, UV_RUN_ONCE);
	}
	why[0] = '\0';
	if (before != NOTHING_IN_THE_WAY && !*is_stopping)
		log_notice("the store in %s is tried again", config->path);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop, UV_RUN_NOWAIT); /* the timer lies on our stack */
	return *is_stopping || err == CP_IO ? CP_OK : err;
}
