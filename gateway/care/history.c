#include "care/history.h"

const Carepace__V1__Hello *scene_hello(const struct scene *scene, event_ms start)
{
	const int64_t topic = FACT_TOPIC(READING_HELLO, 0);
	const struct fact *hello = facts_last(scene->device, topic, start);

	if (!hello)
		hello = facts_next(scene->device, topic, start);
	return hello ? hello->reading.up->hello : NULL;
}
