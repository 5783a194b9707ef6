#include "loop.h"

#include "base/err.h"
#include "io/clock.h"

#include <uv.h>

#define TIMERS_MAX 4

struct timer {
	uv_timer_t *timer; /* NULL: free */
	uv_timer_cb due;
	mono_ms at; /* TIME_NEVER: it does not run */
};

static struct timer timers[TIMERS_MAX];
static uv_check_t *check;
static uv_check_cb on_check;

static struct timer *find(const uv_timer_t *timer)
{
	for (size_t i = 0; i < TIMERS_MAX; i++)
		if (timers[i].timer == timer)
			return &timers[i];
	return NULL;
}

int __wrap_uv_timer_init(uv_loop_t *loop, uv_timer_t *timer);
int __wrap_uv_timer_start(
    uv_timer_t *timer, uv_timer_cb due, uint64_t timeout_ms, uint64_t repeat_ms);
int __wrap_uv_is_active(const uv_handle_t *handle);
int __wrap_uv_check_init(uv_loop_t *loop, uv_check_t *out);
int __wrap_uv_check_start(uv_check_t *out, uv_check_cb callback);
void __wrap_uv_close(uv_handle_t *handle, uv_close_cb closed);

int __wrap_uv_timer_init(uv_loop_t *loop, uv_timer_t *timer)
{
	struct timer *free_one = find(NULL);

	(void)loop;
	CP_CHECK(free_one);
	*free_one = (struct timer){.timer = timer, .at = TIME_NEVER};
	return 0;
}

int __wrap_uv_timer_start(
    uv_timer_t *timer, uv_timer_cb due, uint64_t timeout_ms, uint64_t repeat_ms)
{
	struct timer *own = find(timer);

	CP_CHECK(own && repeat_ms == 0);
	own->due = due;
	own->at = clock_mono() + (mono_ms)timeout_ms;
	return 0;
}

int __wrap_uv_is_active(const uv_handle_t *handle)
{
	const struct timer *own = find((const uv_timer_t *)handle);

	return own && own->at != TIME_NEVER;
}

int __wrap_uv_check_init(uv_loop_t *loop, uv_check_t *out)
{
	(void)loop;
	check = out;
	return 0;
}

int __wrap_uv_check_start(uv_check_t *out, uv_check_cb callback)
{
	CP_CHECK(out == check);
	on_check = callback;
	return 0;
}

void __wrap_uv_close(uv_handle_t *handle, uv_close_cb closed)
{
	struct timer *own = find((uv_timer_t *)handle);

	if (own)
		own->timer = NULL;
	if ((uv_handle_t *)check == handle)
		check = NULL;
	closed(handle);
}

void loop_turn(void)
{
	for (size_t i = 0; i < TIMERS_MAX; i++) {
		if (!timers[i].timer || timers[i].at > clock_mono())
			continue;
		timers[i].at = TIME_NEVER;
		timers[i].due(timers[i].timer);
	}
	if (check)
		on_check(check);
}
