#include "shell/staff.h"

#include "io/log.h"
#include "shell/numbers.h"

#include <jansson.h>
#include <stdlib.h>
#include <unistd.h>

struct staff {
	struct control *control;
	struct intake *intake;
	numbers_fn *take;
	void *ctx;
	struct staff_counters counters;
	uint64_t retry_asker;       /* 0: nobody waits for one */
	struct batch_retry retried; /* so far, of the walk under way */
};

static const char disk_is_full[] = "the disk is full; free some space and ask again";

/* --- answers ------------------------------------------------------------------------ */

static void answer(struct staff *staff, uint64_t request, json_t *object)
{
	char *line = object ? json_dumps(object, JSON_COMPACT) : NULL;

	control_answer(staff->control, request,
	    slice_str(line ? line : "{\"ok\":false,\"error\":\"out of memory\"}"));
	free(line);
	json_decref(object);
}

static void answer_no(struct staff *staff, uint64_t request, const char *sentence)
{
	answer(staff, request, json_pack("{s:b, s:s}", "ok", 0, "error", sentence));
}

/* --- parked messages ---------------------------------------------------------------- */

static bool is_hex(const char *text)
{
	size_t len = strlen(text);

	return len <= ID_HEX_LEN && strspn(text, "0123456789abcdef") == len;
}

static void ask_parked_retry(struct staff *staff, uint64_t request, json_t *arguments)
{
	struct batch_retry *wish = &intake_batch(staff->intake)->retry;
	const char *hash = "";

	if (json_unpack(arguments, "{s?:s}", "hash", &hash) || !is_hex(hash)) {
		answer_no(staff, request, "\"hash\" is up to 32 digits of 0-9a-f");
		return;
	}
	if (intake_lacking_bytes(staff->intake)) {
		answer_no(staff, request, disk_is_full);
		return;
	}
	if (staff->retry_asker) {
		answer_no(staff, request, "somebody else has just asked for that; wait for it");
		return;
	}
	staff->retry_asker = request;
	wish->is_asked = true;
	memcpy(wish->wanted, hash, strlen(hash) + 1);
	intake_added(staff->intake, true);
}

static void say_retried(struct staff *staff)
{
	const struct batch_retry *retried = &staff->retried;
	uint32_t kept = retried->tried - retried->journaled - retried->refused;

	if (retried->tried)
		log_notice(
		    "%u parked messages were tried again: %u are understood now and "
		    "journalled, %u are refused (text where only codes are allowed), %u stay",
		    retried->tried, retried->journaled, retried->refused, kept);
	if (staff->retry_asker)
		answer(staff, staff->retry_asker,
		    json_pack("{s:b, s:i, s:i, s:i, s:i}", "ok", 1, "tried", (int)retried->tried,
		        "understood", (int)retried->journaled, "refused", (int)retried->refused,
		        "kept", (int)kept));
	staff->retry_asker = 0;
	staff->retried = (struct batch_retry){0};
}

/* --- alerts ------------------------------------------------------------------------- */

static const char *const acknowledge_words[] = {
    [ACKNOWLEDGE_ASKED] = "asked",
    [ACKNOWLEDGE_TAKEN] = "taken",
    [ACKNOWLEDGE_UNKNOWN] = "unknown",
    [ACKNOWLEDGE_ALREADY] = "already",
    [ACKNOWLEDGE_OVER] = "over",
    [ACKNOWLEDGE_WITHDRAWN] = "withdrawn",
};

static bool read_acknowledge(json_t *arguments, struct acknowledge *out)
{
	const char *alert = "";
	const char *by = "";
	json_int_t reason = 0;

	if (json_unpack(
	        arguments, "{s:s, s:s, s?:I}", "alert", &alert, "by", &by, "reason", &reason) ||
	    reason < 0 || reason > UINT8_MAX)
		return false;
	out->reason = (uint32_t)reason;
	return id_from_hex(&out->alert, slice_str(alert)) && id_from_hex(&out->by, slice_str(by)) &&
	       !id_is_zero(&out->by);
}

static void ask_acknowledge(struct staff *staff, uint64_t request, json_t *arguments)
{
	struct batch *batch = intake_batch(staff->intake);
	struct acknowledge wish = {.asker = request};

	if (!read_acknowledge(arguments, &wish)) {
		answer_no(staff, request,
		    "\"alert\" and \"by\" are 32 digits of 0-9a-f, \"reason\" a number up to 255");
		return;
	}
	if (intake_lacking_bytes(staff->intake)) {
		answer_no(staff, request, disk_is_full);
		return;
	}
	if (batch->acknowledge_count == BATCH_ACKNOWLEDGES_MAX) {
		answer_no(staff, request, "too many others have just asked; ask again");
		return;
	}
	batch->acknowledges[batch->acknowledge_count++] = wish;
	intake_added(staff->intake, true);
}

static void answer_acknowledges(struct staff *staff, const struct batch *batch)
{
	for (size_t i = 0; i < batch->acknowledge_count; i++) {
		const struct acknowledge *wish = &batch->acknowledges[i];
		if (wish->answer == ACKNOWLEDGE_NO_ROOM)
			answer_no(staff, wish->asker, disk_is_full);
		else
			answer(staff, wish->asker,
			    json_pack(
			        "{s:b, s:s}", "ok", 1, "answer", acknowledge_words[wish->answer]));
	}
}

/* --- what came back ----------------------------------------------------------------- */

void staff_settled(struct staff *staff, const struct batch *batch)
{
	const struct batch_retry *retry = &batch->retry;

	if (!staff)
		return;
	answer_acknowledges(staff, batch);
	if (retry->is_asked && retry->is_busy) {
		answer_no(staff, staff->retry_asker,
		    batch->lacking_bytes ? disk_is_full
		                         : "all parked messages are being tried again just now, "
		                           "after an upgrade; ask again in a minute");
		staff->retry_asker = 0;
	}
	staff->retried.is_under_way |= retry->is_asked || retry->is_under_way || retry->tried;
	staff->retried.tried += retry->tried;
	staff->retried.journaled += retry->journaled;
	staff->retried.refused += retry->refused;
	staff->counters.parked_tried += retry->tried;
	staff->counters.parked_understood += retry->journaled;
	staff->counters.parked_refused += retry->refused;
	if (staff->retried.is_under_way && !retry->is_under_way)
		say_retried(staff);
}

/* --- how it is ------------------------------------------------------------------------ */

static json_t *ids_json(const struct id *ids, size_t count)
{
	json_t *array = json_array();
	char hex[ID_HEX_LEN + 1];

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(array, json_string(id_hex(&ids[i], hex)));
	return array;
}

static void ask_status(struct staff *staff, uint64_t request, json_t *arguments)
{
	struct numbers now = {0};

	(void)arguments;
	staff->take(staff->ctx, &now);
	answer(staff, request,
	    json_pack("{s:b, s:s, s:i, s:I, s:b, s:s, s:I, s:I, s:b, s:b, s:b, s:I, s:o}", "ok", 1,
	        "version", CAREPACE_VERSION, "pid", (int)getpid(), "started_at",
	        (json_int_t)now.started_at, "ready", now.is_ready, "why_not", now.why_not,
	        "connected", (json_int_t)now.connected, "registered", (json_int_t)now.registered,
	        "clock_in_doubt", now.in_doubt, "has_head_office", now.has_office,
	        "is_head_office_connected", now.is_connected, "head_office_down_ms",
	        (json_int_t)now.down_ms, "devices",
	        ids_json(now.connected_ids, now.connected_id_count)));
}

/* --- requests ------------------------------------------------------------------------ */

static void on_request(void *ctx, uint64_t request, struct slice line)
{
	static const struct {
		const char *name;
		void (*ask)(struct staff *staff, uint64_t request, json_t *arguments);
	} actions[] = {
	    {"acknowledge", ask_acknowledge},
	    {"parked-retry", ask_parked_retry},
	    {"status", ask_status},
	};
	struct staff *staff = ctx;
	json_t *arguments =
	    json_loadb((const char *)line.p, line.len, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(arguments, "do"));
	size_t i = 0;

	while (name && i < CP_COUNT(actions) && strcmp(name, actions[i].name) != 0)
		i++;
	if (!name)
		answer_no(staff, request, "a request is an object of JSON with \"do\"");
	else if (i == CP_COUNT(actions))
		answer_no(staff, request,
		    "this version of the daemon does not know that; was it upgraded without a "
		    "restart?");
	else
		actions[i].ask(staff, request, arguments);
	json_decref(arguments);
}

/* --- open and close ------------------------------------------------------------------- */

enum cp_err staff_open(struct uv_loop_s *loop, const char *folder, struct intake *intake,
    numbers_fn *take, void *ctx, struct staff **out)
{
	struct staff *staff = calloc(1, sizeof(*staff));

	*out = NULL;
	if (!staff)
		return CP_NOMEM;
	staff->intake = intake;
	staff->take = take;
	staff->ctx = ctx;
	enum cp_err err = control_open(loop, folder, on_request, staff, &staff->control);
	if (err)
		free(staff);
	else
		*out = staff;
	return err;
}

const struct staff_counters *staff_counters(
    const struct staff *staff, const struct control_counters **control)
{
	*control = control_counters(staff->control);
	return &staff->counters;
}

void staff_close(struct staff *staff)
{
	if (!staff)
		return;
	control_close(staff->control);
	free(staff);
}
