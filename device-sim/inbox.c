#include "inbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct inbox {
	pthread_mutex_t mutex;
	pthread_cond_t posted;
	size_t max_events;
	size_t first;
	size_t count;
	struct event ring[];
};

enum cp_err inbox_new(size_t max_events, struct inbox **out)
{
	struct inbox *inbox = calloc(1, sizeof(*inbox) + max_events * sizeof(inbox->ring[0]));
	pthread_condattr_t attr;

	if (!inbox)
		return CP_NOMEM;
	inbox->max_events = max_events;
	CP_CHECK(pthread_mutex_init(&inbox->mutex, NULL) == 0);
	CP_CHECK(pthread_condattr_init(&attr) == 0);
	CP_CHECK(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	CP_CHECK(pthread_cond_init(&inbox->posted, &attr) == 0);
	pthread_condattr_destroy(&attr);
	*out = inbox;
	return CP_OK;
}

void inbox_free(struct inbox *inbox)
{
	if (!inbox)
		return;
	for (size_t i = 0; i < inbox->count; i++)
		free(inbox->ring[(inbox->first + i) % inbox->max_events].bytes);
	pthread_cond_destroy(&inbox->posted);
	pthread_mutex_destroy(&inbox->mutex);
	free(inbox);
}

bool inbox_post(struct inbox *inbox, const struct event *event)
{
	pthread_mutex_lock(&inbox->mutex);
	bool has_room = event->kind != EVENT_DOWN || inbox->count < inbox->max_events / 2;

	if (has_room) {
		CP_CHECK(inbox->count < inbox->max_events);
		inbox->ring[(inbox->first + inbox->count++) % inbox->max_events] = *event;
		pthread_cond_signal(&inbox->posted);
	}
	pthread_mutex_unlock(&inbox->mutex);
	return has_room;
}

bool inbox_take(struct inbox *inbox, mono_ms until, struct event *out)
{
	struct timespec deadline = {
	    .tv_sec = (time_t)(until / MS_PER_SECOND),
	    .tv_nsec = (long)(until % MS_PER_SECOND) * 1000000,
	};
	bool has_time = true;

	pthread_mutex_lock(&inbox->mutex);
	while (inbox->count == 0 && has_time)
		has_time = pthread_cond_timedwait(&inbox->posted, &inbox->mutex, &deadline) == 0;
	bool is_there = inbox->count > 0;

	if (is_there) {
		*out = inbox->ring[inbox->first];
		inbox->first = (inbox->first + 1) % inbox->max_events;
		inbox->count--;
	}
	pthread_mutex_unlock(&inbox->mutex);
	return is_there;
}
