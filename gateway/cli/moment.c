#include "cli/moment.h"

#include "care/session.h"

struct time_told moment_stamped(const struct cli_source *source, wall_ms at)
{
	struct view_stamp stamp = view_stamp(&source->doubts, at);

	return (struct time_told){.at = stamp.at, .is_in_doubt = stamp.is_in_doubt};
}

struct time_told moment_of_start(const struct session *session)
{
	return (struct time_told){.at = session->start, .is_in_doubt = session_is_undated(session)};
}

static const char *marked(bool is_in_doubt, const char *text, char out[WHEN_BYTES])
{
	snprintf(out, WHEN_BYTES, "%s%.38s", is_in_doubt ? TABLE_DOUBT : "", text);
	return out;
}

const char *moment_short(const struct zone *zone, struct time_told moment, char out[WHEN_BYTES])
{
	char text[WHEN_BYTES];

	return marked(moment.is_in_doubt, when_short(zone, moment.at, text), out);
}

const char *moment_long(const struct zone *zone, struct time_told moment, char out[WHEN_BYTES])
{
	char text[WHEN_BYTES];

	return marked(moment.is_in_doubt, when_long(zone, moment.at, text), out);
}

void json_put_moment(
    json_t *object, const char *name, const struct zone *zone, struct time_told moment)
{
	char key[64];

	json_put_time(object, name, zone, moment.at);
	snprintf(key, sizeof(key), "%s_in_doubt", name);
	json_put(object, key, json_boolean(moment.is_in_doubt));
}
