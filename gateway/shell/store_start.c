#include "shell/store_start.h"

#include "io/box_key.h"
#include "io/clock.h"
#include "io/config_policy.h"
#include "io/log.h"
#include "io/systemd.h"
#include "ledger/ledger.h"
#include "shell/gateway.h"
#include "shell/restored.h"

#include <stdio.h>

#define MORE_TIME_MS (2 * MS_PER_MINUTE) /* the disk may be slow with what it was given */
#define ASK_EVERY_MS (5 * MS_PER_SECOND)
#define SAY_EVERY_MS (30 * MS_PER_SECOND)

struct patience {
	const char *doing;
	mono_ms asked_at;
	mono_ms said_at;
};

/* The service manager would end a start that takes longer than it knows of, and begin it anew. */
static void on_work(void *ctx, const char *doing, int percent)
{
	struct patience *patience = ctx;
	mono_ms now = clock_mono();
	bool is_new = doing != patience->doing;
	char done[16] = "";

	if (!is_new && now - patience->asked_at < ASK_EVERY_MS)
		return;
	patience->doing = doing;
	patience->asked_at = now;
	systemd_more_time(MORE_TIME_MS);
	if (percent >= 0)
		snprintf(done, sizeof(done), ": %d %%", percent);
	systemd_status("bringing the store up to date: %s%s", doing, done);
	if (is_new || now - patience->said_at >= SAY_EVERY_MS) {
		patience->said_at = now;
		log_notice("the store is brought up to date: %s%s", doing, done);
	}
}

static void say_migrated(struct ledger *ledger)
{
	char copy[512];

	ledger_copy_before(ledger, copy, sizeof(copy));
	if (copy[0])
		log_notice(
		    "the store was of an earlier version and has been brought up to date; as it "
		    "was before it lies in %s, which may be deleted once all is well",
		    copy);
}

static void say_set_aside(const struct ledger *ledger)
{
	const char *aside = ledger_set_aside(ledger);

	if (aside[0])
		log_event(STORE_SET_ASIDE,
		    "the store was damaged and lies in %s now; a new one was begun, which knows "
		    "nothing of before, and devices are asked for what they still have. Look at "
		    "the disk (dmesg, smartctl -a), and bring the last backup back if there is "
		    "one (carepace restore)",
		    aside);
}

static void say_other_key(const struct ledger *ledger, const struct config *config)
{
	if (ledger_has_other_key(ledger))
		log_warning("the key of this box (%s/" BOX_KEY_FILE_NAME
		            ") is not the one of before: if messages of clients who were "
		            "forgotten come late, their tokens are kept again. Bring the old file "
		            "back, or have those clients forgotten once more",
		    config->store.path);
}

static int open_ledger(const struct store_terms *terms, struct ledger **out)
{
	const struct config *config = terms->config;
	struct patience patience = {0};
	struct ledger_config ledger = {
	    .path = terms->file,
	    .site = config->site.name,
	    .timezone = config->site.timezone,
	    .tzdata = terms->tzdata,
	    .version = CAREPACE_VERSION "+" CAREPACE_CONTRACT,
	    .policy = policy_default(terms->zone),
	    .reserve_bytes = config->store.reserve_bytes,
	    .stream_kept_ms = config->store.keep_streams_s * MS_PER_SECOND,
	    .outbox_max_bytes = config->upstream.outbox_max_bytes,
	    .outbox_days = config->upstream.outbox_days,
	    .own = config->own->orders,
	    .own_count = config->own->count,
	    .stopwatch_us = clock_mono_us,
	    .is_gateways = true,
	    .migrating = on_work,
	    .migrating_ctx = &patience,
	    .clock = clock_start(),
	};
	struct pki_error error;
	char why[256];

	if (box_key_load(config->store.path, ledger.box_key, &error)) {
		log_error("cannot use the key of this box: %s", error.text);
		return GATEWAY_CONFIG;
	}
	enum cp_err err = ledger_open(&ledger, ledger.clock.reading.wall, out, why);
	if (err == CP_OK)
		return 0;
	log_event(STORE_REFUSED, "cannot open the store: %s", why);
	/* It is a whole one, not for us: another try would say the same. */
	return err == CP_NEWER || err == CP_CONFIG ? GATEWAY_CONFIG : GATEWAY_STORE;
}

int store_start(const struct store_terms *terms, int *lock, char resting[STORE_REST_WHY_BYTES],
    struct ledger **out)
{
	*out = NULL;
	if (store_rest(terms->loop, &terms->config->store, terms->is_stopping, lock, resting))
		return GATEWAY_CONFIG;
	if (*terms->is_stopping)
		return 0;
	if (restored_settle(terms->config->store.path))
		return GATEWAY_STORE;
	int status = open_ledger(terms, out);

	if (status)
		return status;
	clock_assume(ledger_assumed_offset(*out));
	say_set_aside(*out);
	say_migrated(*out);
	restored_say(*out);
	say_other_key(*out, terms->config);
	return 0;
}
