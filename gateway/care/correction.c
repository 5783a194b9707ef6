#include "care/correction.h"

#define KIND(name) CAREPACE__V1__CORRECTION_KIND__CORRECTION_##name

static const Carepace__V1__Correction *correction_of(const struct reading *reading)
{
	switch (reading->kind) {
	case READING_CORRECTION:
		return reading->up->correction;
	case READING_HQ_CORRECTION:
		return reading->order->correction;
	default:
		return NULL;
	}
}

int correction_kind(const struct reading *reading)
{
	const Carepace__V1__Correction *correction = correction_of(reading);

	if (reading->kind == READING_COUNT_OVERRIDE)
		return KIND(COUNT_OVERRIDE);
	return correction ? (int)correction->kind : KIND(UNSPECIFIED);
}

uint32_t correction_reason(const struct reading *reading)
{
	const Carepace__V1__Correction *correction = correction_of(reading);

	if (reading->kind == READING_COUNT_OVERRIDE)
		return reading->up->count_override->reason;
	return correction ? correction->reason : 0;
}

void correct_session(struct session *session, struct facts corrections)
{
	bool is_over = !session_is_open(session);

	for (size_t i = 0; i < corrections.count; i++) {
		const struct fact *fact = &corrections.items[i];
		int kind = correction_kind(&fact->reading);
		if (kind == KIND(REASSIGN_CLIENT) && fact->client2)
			session->client = fact->client2;
		if (kind == KIND(VOID))
			session->is_void = is_over;
		if (kind == KIND(COUNT_OVERRIDE))
			session->is_completed = is_over;
	}
	if (session->is_void)
		session->is_exposing = session->is_completed = false;
}
