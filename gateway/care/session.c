#include "care/session.h"

#include "base/err.h"

#include <stdio.h>

#define ZONE_BIT_UNKNOWN 1U /* bit of ZONE_UNKNOWN in a set of zones */

int session_order(const struct session *a, const struct session *b)
{
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	int by_source = id_cmp(&a->source, &b->source);
	if (by_source)
		return by_source;
	if (a->boot != b->boot)
		return a->boot < b->boot ? -1 : 1;
	if (a->seq != b->seq)
		return a->seq < b->seq ? -1 : 1;
	return 0;
}

void session_fold_add(struct session_fold *fold, const struct session_fold *more)
{
	if (more->first_at < fold->first_at)
		fold->first_at = more->first_at;
	if (more->start_from < fold->start_from)
		fold->start_from = more->start_from;
	if (more->last_at > fold->last_at)
		fold->last_at = more->last_at;
	if (more->stream_from < fold->stream_from)
		fold->stream_from = more->stream_from;
	if (more->exposed_from < fold->exposed_from)
		fold->exposed_from = more->exposed_from;
	if (more->exposed_until > fold->exposed_until)
		fold->exposed_until = more->exposed_until;
	if (more->stream_first < fold->stream_first)
		fold->stream_first = more->stream_first;
	if (more->stream_last > fold->stream_last)
		fold->stream_last = more->stream_last;
	fold->active_ms += more->active_ms;
	fold->pulses += more->pulses;
}

void session_name(const struct session *session, char *out, size_t out_bytes)
{
	char sid[ID_HEX_LEN + 1];
	char device[ID_HEX_LEN + 1];

	snprintf(
	    out, out_bytes, "%s/%s", id_hex(&session->sid, sid), id_hex(&session->source, device));
}

bool zones_overlap(uint32_t a, uint32_t b)
{
	if (a == 0 || b == 0)
		return false;
	return (a & b) != 0 || ((a | b) & ZONE_BIT_UNKNOWN) != 0;
}

const char *modality_name(enum modality modality)
{
	static const char *const names[] = {"-", "pen", "stamp", "roller", "rf", "home roller"};

	return (size_t)modality < CP_COUNT(names) ? names[modality] : "?";
}

const char *phase_name(enum phase phase)
{
	static const char *const names[] = {"-", "series", "maintenance", "single"};

	return (size_t)phase < CP_COUNT(names) ? names[phase] : "?";
}

const char *session_state_name(enum session_state state)
{
	static const char *const names[] = {"-", "offered", "active", "paused", "ended", "lost"};

	return (size_t)state < CP_COUNT(names) ? names[state] : "?";
}

const char *zones_text(uint32_t zones, char *out, size_t out_bytes)
{
	/* In the order of enum Zone (domain 1.4). */
	static const char *const names[] = {"an unknown zone", "forehead", "temple",
	    "area around the eyes", "cheek", "nose", "area around the mouth", "chin and jaw",
	    "area under the chin", "neck", "decollete", "hands", "abdomen", "arm", "thigh", "back",
	    "buttock", "scalp", "armpit"};
	size_t len = 0;
	uint32_t left = zones;
	int count = __builtin_popcount(zones);
	int named = count > 4 ? 3 : count;

	out[0] = '\0';
	for (size_t i = 0; i < CP_COUNT(names) && named > 0 && len < out_bytes; i++) {
		if (!(left & 1U << i))
			continue;
		left &= ~(1U << i);
		named--;
		const char *joint = len == 0 ? "" : left ? ", " : " and ";
		len += (size_t)snprintf(
		    out + len, out_bytes - len, "%s%s%s", joint, i ? "the " : "", names[i]);
	}
	if (left && len < out_bytes)
		snprintf(out + len, out_bytes - len, " and %d other zones", count - 3);
	return out;
}
