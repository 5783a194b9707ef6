#include "tablet.h"

#include "device.h"
#include "words.h"

#define REACTION_MS 600 /* of a person with a tablet in the hand */
#define SAY_NO_EVERY 4

static bool was_answered(const struct tablet *tablet, const struct reaction *reaction)
{
	size_t count = tablet->done_count < TABLET_DONE_MAX ? tablet->done_count : TABLET_DONE_MAX;

	for (size_t i = 0; i < count; i++) {
		if (tablet->done[i].check == reaction->check &&
		    id_eq(&tablet->done[i].sid, &reaction->sid))
			return true;
	}
	return false;
}

static void remember(struct tablet *tablet, const struct reaction *reaction)
{
	tablet->done[tablet->done_count++ % TABLET_DONE_MAX] =
	    (struct answered){.sid = reaction->sid, .check = reaction->check};
}

/* What is worth a finger: an override for what requires one, else an
 * acknowledgement, which needs an alert to name. */
static bool choose(struct tablet *tablet, const Carepace__V1__Verdict *verdict,
    const Carepace__V1__VerdictItem *item, struct reaction *reaction)
{
	bool has_alert =
	    id_from_bytes(&reaction->alert, slice_of(item->alert_id.data, item->alert_id.len));

	if (!id_from_bytes(&reaction->sid, slice_of(verdict->sid.data, verdict->sid.len)))
		return false;
	reaction->check = item->check;
	if (was_answered(tablet, reaction))
		return false;
	if (verdict->decision == CAREPACE__V1__DECISION__REQUIRE_OVERRIDE &&
	    item->severity == CAREPACE__V1__SEVERITY__HIGH) {
		size_t asked = tablet->overrides_asked++;

		reaction->is_override = true;
		reaction->is_by_alert = has_alert && asked % 2 == 0;
		remember(tablet, reaction);
		return asked % SAY_NO_EVERY != SAY_NO_EVERY - 1;
	}
	if (!has_alert || verdict->decision == CAREPACE__V1__DECISION__PERMIT)
		return false;
	remember(tablet, reaction);
	return true;
}

void tablet_verdict(struct tablet *tablet, const Carepace__V1__Verdict *verdict, mono_ms now)
{
	for (size_t i = 0; i < verdict->n_item; i++) {
		struct reaction reaction = {.due = now + REACTION_MS};

		if (tablet->pending_count < TABLET_PENDING_MAX &&
		    choose(tablet, verdict, verdict->item[i], &reaction))
			tablet->pending[tablet->pending_count++] = reaction;
	}
}

/* The person is the one who carries this tablet. */
static struct id carrier(const struct device *tablet)
{
	struct id person = tablet->who.id;

	person.b[0] ^= 0xff;
	return person;
}

static void admit(struct device *tablet, const struct visit *visit, mono_ms at, mono_ms now)
{
	struct envelope envelope = device_envelope(tablet, now);
	struct id by_token = carrier(tablet);
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX_BYTES);
	message_screening(&bytes, &envelope, &visit->client, device_wall(tablet, at), &by_token);
	(void)device_record(tablet, &envelope, &bytes, false);
}

void tablet_admit(struct device *tablet, const struct visit *visit, mono_ms now)
{
	admit(tablet, visit, now, now);
}

void tablet_admit_past(struct device *tablet)
{
	const struct plan *plan = tablet->world->plan;

	for (size_t device = 0; device < plan->device_count; device++) {
		struct past past[PLAN_PAST_MAX];
		size_t count = plan_past(plan, device, past);

		for (size_t i = 0; i < count; i++)
			admit(tablet, &past[i].visit, past[i].visit.start_ms, 0);
	}
}

static void act(struct device *device, const struct reaction *reaction, mono_ms now)
{
	struct envelope envelope = device_envelope(device, now);
	struct report *report = device->world->report;
	struct id by_token = carrier(device);
	char sid[ID_HEX_LEN + 1];
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX_BYTES);
	if (reaction->is_override)
		message_override(&bytes, &envelope, reaction->is_by_alert ? &reaction->alert : NULL,
		    &reaction->sid, reaction->check, &by_token);
	else
		message_ack_alert(&bytes, &envelope, &reaction->alert, &by_token);
	if (!device_record(device, &envelope, &bytes, false))
		return;
	report->overrides_given += reaction->is_override;
	report->acks_given += !reaction->is_override;
	report_event(report, device_wall(device, now), &device->who,
	    reaction->is_override ? "override" : "ack_alert",
	    json_pack("{s:s, s:s, s:b}", "sid", id_hex(&reaction->sid, sid), "check",
	        words_check(reaction->check), "by_alert",
	        reaction->is_by_alert || !reaction->is_override),
	    "%s %s of session %.6s", reaction->is_override ? "overrides" : "acknowledges",
	    words_check(reaction->check), sid);
}

void tablet_tick(struct tablet *tablet, struct device *device, mono_ms now)
{
	size_t kept = 0;

	for (size_t i = 0; i < tablet->pending_count; i++) {
		if (tablet->pending[i].due <= now)
			act(device, &tablet->pending[i], now);
		else
			tablet->pending[kept++] = tablet->pending[i];
	}
	tablet->pending_count = kept;
}

mono_ms tablet_next_ms(const struct tablet *tablet)
{
	mono_ms next = TIME_NEVER;

	for (size_t i = 0; i < tablet->pending_count; i++)
		next = tablet->pending[i].due < next ? tablet->pending[i].due : next;
	return next;
}
