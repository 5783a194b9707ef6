#include "year_expect.h"

#include "words.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>

static void *push(struct expectations *all, void *items, size_t *count, size_t *cap, size_t size)
{
	items = arena_push(&all->tape->arena, items, (*count)++, cap, size);
	CP_CHECK(items);
	return items;
}

struct expected *expect(struct expectations *all, const struct expected *expected)
{
	event_ms due =
	    expected->is_timed ? expected->from.said->at + expected->from.ms : expected->raised_ms;

	if (due > all->until)
		return NULL;
	all->alerts = push(all, all->alerts, &all->count, &all->cap, sizeof(*expected));
	all->alerts[all->count - 1] = *expected;
	return &all->alerts[all->count - 1];
}

void expect_verdict(struct expectations *all, const struct expected_verdict *verdict)
{
	all->verdicts =
	    push(all, all->verdicts, &all->verdict_count, &all->verdict_cap, sizeof(*verdict));
	all->verdicts[all->verdict_count - 1] = *verdict;
}

/* --- as JSON ------------------------------------------------------------------------------ */

static event_ms moment_of(struct when when)
{
	return when.said ? when.said->event + when.ms : when.ms;
}

/* What ends after the end of the plan still holds there. */
static event_ms end_of(const struct expectations *all, const struct expected *expected)
{
	event_ms until = moment_of(expected->until);

	return until > all->until ? TIME_NEVER : until;
}

static const char *state_of(const struct expectations *all, const struct expected *expected)
{
	if (expected->state)
		return expected->state;
	return end_of(all, expected) == TIME_NEVER ? "RAISED" : "CLEARED";
}

static wall_ms raised_at(const struct expected *expected)
{
	const struct saying *by = expected->raised_by;
	wall_ms at = expected->raised_ms;

	if (!by && !at)
		by = expected->from.said;
	if (expected->is_timed || (!by && !at))
		at = moment_of(expected->from);
	return by && by->received > at ? by->received : at;
}

static const char *name_of(const struct expectations *all, const char *text,
    const struct saying *saying, char out[TAPE_NAME_BYTES])
{
	return saying ? tape_name(all->tape, saying, out) : text ? text : "";
}

static const char *severity_name(Carepace__V1__Severity severity)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(
	    &carepace__v1__severity__descriptor, (int)severity);

	return value->name;
}

/* Left out where the plan leaves it open. */
static void put_moment(json_t *object, const char *name, event_ms at)
{
	if (at == TIME_NEVER)
		json_object_set_new(object, name, json_null());
	else if (at >= 0)
		json_object_set_new(object, name, json_integer(at));
}

static json_t *alert_of(const struct expectations *all, const struct expected *expected)
{
	char subject[TAPE_NAME_BYTES], onset[TAPE_NAME_BYTES];
	json_t *object =
	    json_pack("{ss ss ss ss ss ss sI sb}", "check", words_check(expected->check), "subject",
	        name_of(all, expected->subject, expected->subject_said, subject), "onset",
	        name_of(all, expected->onset, expected->onset_said, onset), "severity",
	        severity_name(expected->severity), "state", state_of(all, expected), "persona",
	        expected->persona ? expected->persona : "ordinary", "raised_ms",
	        (json_int_t)raised_at(expected), "optional", expected->is_optional);

	CP_CHECK(object);
	put_moment(object, "from_ms", moment_of(expected->from));
	put_moment(object, "until_ms", end_of(all, expected));
	if (!expected->has_no_value) {
		json_object_set_new(object, "value", json_integer(expected->value));
		json_object_set_new(object, "limit", json_integer(expected->limit));
	}
	return object;
}

static json_t *verdict_of(const struct expected_verdict *verdict)
{
	static const char *const words[] = {NULL, "permit", "advise", "require override", "deny"};
	enum answer answer = verdict->start->is_held ? ANSWER_NONE : verdict->answer;
	char hex[ID_HEX_LEN + 1];
	json_t *object = json_pack("{ss ss ss* sb sI ss}", "session", id_hex(&verdict->sid, hex),
	    "name", verdict->name, "verdict", words[answer], "held", verdict->start->is_held,
	    "start_ms", (json_int_t)verdict->start->event, "persona",
	    verdict->persona ? verdict->persona : "ordinary");

	CP_CHECK(object);
	return object;
}

static bool print(FILE *file, json_t *object)
{
	bool is_written = json_dumpf(object, file, JSON_COMPACT) == 0 && fputc('\n', file) != EOF;

	json_decref(object);
	return is_written;
}

enum cp_err expectations_write(
    const struct expectations *all, const char *path, struct pki_error *error)
{
	FILE *file = fopen(path, "w");
	bool is_written = true;

	if (!file)
		return pki_fail(error, CP_IO, "cannot write %s: %m", path);
	for (size_t i = 0; i < all->count && is_written; i++)
		if (raised_at(&all->alerts[i]) < all->until)
			is_written = print(file, alert_of(all, &all->alerts[i]));
	for (size_t i = 0; i < all->verdict_count && is_written; i++)
		is_written = print(file, verdict_of(&all->verdicts[i]));
	bool is_closed = fclose(file) == 0;
	return is_written && is_closed ? CP_OK
	                               : pki_fail(error, CP_IO, "cannot write %s: %m", path);
}
