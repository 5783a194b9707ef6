#include "shell/heartbeat.h"

#include "base/err.h"
#include "io/log.h"
#include "io/systemd.h"

static bool is_alive(struct heartbeat_part *part, mono_ms interval_ms)
{
	bool was_dead = part->silent_beats > part->beats_max;

	part->silent_beats = part->answers(part->part) ? 0 : part->silent_beats + 1;
	if (part->silent_beats <= part->beats_max) {
		if (was_dead)
			log_notice("the thread of %s answers again", part->name);
		return true;
	}
	if (!was_dead)
		log_event(HUNG,
		    "the thread of %s has not answered for %lld s: the watchdog of the service "
		    "manager will start the gateway again, nothing that was acknowledged is "
		    "lost. Please report this to the maker, with the journal",
		    part->name, (long long)(part->silent_beats * interval_ms / MS_PER_SECOND));
	return false;
}

static void on_beat(uv_timer_t *timer)
{
	struct heartbeat *heartbeat = timer->data;
	bool all_alive = true;

	for (size_t i = 0; i < heartbeat->count; i++)
		all_alive &= is_alive(&heartbeat->parts[i], heartbeat->interval_ms);
	if (all_alive)
		systemd_watchdog();
}

void heartbeat_start(struct heartbeat *heartbeat, uv_loop_t *loop)
{
	*heartbeat = (struct heartbeat){.interval_ms = systemd_watchdog_interval()};
	uv_timer_init(loop, &heartbeat->timer);
	heartbeat->timer.data = heartbeat;
	if (heartbeat->interval_ms > 0)
		uv_timer_start(&heartbeat->timer, on_beat, 0, (uint64_t)heartbeat->interval_ms);
}

void heartbeat_watch(struct heartbeat *heartbeat, const char *name, heartbeat_fn *answers,
    void *part, unsigned beats_max)
{
	CP_CHECK(heartbeat->count < HEARTBEAT_PARTS_MAX);
	heartbeat->parts[heartbeat->count++] = (struct heartbeat_part){
	    .name = name, .answers = answers, .part = part, .beats_max = beats_max};
}

void heartbeat_stop(struct heartbeat *heartbeat)
{
	uv_close((uv_handle_t *)&heartbeat->timer, NULL);
}
