#include "care/history.h"

const Carepace__V1__Hello *scene_hello(const struct scene *scene, event_ms start)
{
	const int64_t topic = FACT_TOPIC(READING_HELLO, 0);
	const struct fact *hello = facts_last(scene->device, topic, start);

	if (!hello)
		hello = facts_next(scene->device, topic, start);
	return hello ? hello->reading.up->hello : NULL;
}

const struct plan *plans_at(const struct plan *plans, size_t count, event_ms at)
{
	const struct plan *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (plans[i].from <= at && at < plans[i].until &&
		    (!best || plans[i].revision > best->revision))
			best = &plans[i];
	return best;
}

/* Its time in the slot meets the session's exposure. What stayed in the slot was there
 * to the last, even when a session that was lost ends with the attach itself. */
bool use_is_exposed(const struct cartridge_use *use)
{
	return use->session.is_exposing && use->use.from <= use->session.exposed_until &&
	       (!use->use.is_replaced || use->use.until > use->session.exposed_from);
}
