/* session_dose.c - dose and safety during the session (domain 8.3, SKIN_TYPE_LIMIT).
 *
 * What the stream says is folded already (care/stream/guard.h): here its episodes become
 * findings. The other checks need the session's own messages only.
 */
#include "care/judge/session.h"
#include "care/stream/guard.h"

/* --- episodes of the stream ------------------------------------------------------------- */

struct streaming {
	enum check check;
	enum severity severity;
	bool ends_with_session; /* its end is what clears it */
};

static const struct streaming streaming[] = {
    {CHECK_SKIN_TYPE_LIMIT, SEVERITY_HIGH, false},
    {CHECK_DEPTH_OVER_ZONE, SEVERITY_HIGH, false},
    {CHECK_DEPTH_OVER_LABEL, SEVERITY_MEDIUM, false},
    {CHECK_DEPTH_OVER_SCOPE, SEVERITY_HIGH, false},
    {CHECK_DEPTH_DEVIATION, SEVERITY_MEDIUM, false},
    {CHECK_MOTOR_SPEED_DEV, SEVERITY_MEDIUM, false},
    {CHECK_ENERGY_OVER, SEVERITY_HIGH, false},
    {CHECK_POWER_OVER, SEVERITY_HIGH, false},
    {CHECK_PULSE_OVER, SEVERITY_HIGH, false},
    {CHECK_ENERGY_MISMATCH, SEVERITY_MEDIUM, false},
    {CHECK_RF_FREQ_DEV, SEVERITY_MEDIUM, false},
    {CHECK_TEMP_SKIN_OVER, SEVERITY_CRITICAL, false},
    {CHECK_TEMP_NEEDLE_OVER, SEVERITY_HIGH, false},
    {CHECK_IMPEDANCE_OUT, SEVERITY_MEDIUM, false},
    {CHECK_CONTACT_FAULTS, SEVERITY_MEDIUM, false},
    {CHECK_STACKING, SEVERITY_MEDIUM, true},
    {CHECK_COOLING_FAULT, SEVERITY_HIGH, false},
};

/* Without the event that clears it, a live finding ends with the session and needs an
 * acknowledgement (R20). */
static void end_with_session(struct finding *finding, const struct session *session, bool clears)
{
	if (session_is_open(session))
		return;
	finding->until = session->end > finding->from ? session->end : finding->from;
	finding->is_latched = !clears;
}

static void find_episodes(
    const struct judging *j, const struct streaming *row, const struct episode *e)
{
	struct finding *finding = timeline_add_to_session(j->timeline, row->check, "", j->session);

	if (!finding)
		return;
	finding->severity = row->severity;
	finding->from = e->from;
	finding->until = e->until;
	finding->value = e->value;
	finding->limit = e->limit;
	finding->max = e->max;
	finding->count = e->count;
	finding->zones = e->zones;
	if (e->until == TIME_NEVER)
		end_with_session(finding, j->session, row->ends_with_session);
}

static void judge_stream(const struct judging *j)
{
	for (size_t i = 0; j->history->guard && i < CP_COUNT(streaming); i++) {
		struct episode e = guard_found(j->history->guard, streaming[i].check);
		if (e.count > 0)
			find_episodes(j, &streaming[i], &e);
	}
}

/* Limits that only the maker knows: where one of them is not on file, the profile is as good
 * as missing (R16). */
static bool has_limits(const Carepace__V1__ModelProfile *profile)
{
	return profile->has_max_depth_um && profile->has_skin_types && profile->n_cart_gtin > 0;
}

static bool has_limits_of_rf(const Carepace__V1__ModelProfile *profile)
{
	bool has_energy = false;
	bool has_power = false;
	bool has_pulse = false;

	for (size_t i = 0; i < profile->n_energy_limit; i++) {
		has_energy |= profile->energy_limit[i]->has_max_energy_uj;
		has_power |= profile->energy_limit[i]->has_max_power_mw;
		has_pulse |= profile->energy_limit[i]->has_max_pulse_us;
	}
	return has_energy && has_power && has_pulse && profile->has_pins && profile->has_freq_khz &&
	       profile->has_min_impedance_ohm && profile->has_max_impedance_ohm &&
	       profile->has_min_stack_gap_ms;
}

static void judge_profile(const struct judging *j)
{
	const Carepace__V1__ModelProfile *profile = profile_of(j->history, j->policy);

	if (!profile || !j->session->has_start) /* judge_data() says so */
		return;
	if (!has_limits(profile) ||
	    (j->session->modality == MODALITY_RF && !has_limits_of_rf(profile)))
		judge_missing(j, MISSING_PROFILE);
}

/* --- EMERGENCY_STOP ------------------------------------------------------------------------ */

static void judge_stop(const struct judging *j)
{
	struct finding *finding = NULL;

	for (size_t i = 0; i < j->history->facts.count; i++) {
		const struct reading *reading = &j->history->facts.items[i].reading;
		if (reading->kind != READING_ESTOP)
			continue;
		if (finding) {
			finding->count++;
			continue;
		}
		finding =
		    timeline_add_to_session(j->timeline, CHECK_EMERGENCY_STOP, "", j->session);
		if (!finding)
			return;
		finding->severity = SEVERITY_CRITICAL;
		finding->from = finding->until = reading->ts;
	}
}

/* --- at the end ------------------------------------------------------------------------------ */

static const Carepace__V1__SessionEnd *end_of(const struct judging *j)
{
	const Carepace__V1__SessionEnd *end = NULL;

	for (size_t i = 0; i < j->history->facts.count; i++)
		if (j->history->facts.items[i].reading.kind == READING_SESSION_END)
			end = j->history->facts.items[i].reading.up->session_end;
	return end;
}

static struct finding *add_at_end(const struct judging *j, enum check check)
{
	struct finding *finding = timeline_add_to_session(j->timeline, check, "", j->session);

	if (!finding)
		return NULL;
	finding->severity = SEVERITY_LOW;
	finding->from = finding->until = j->session->end;
	return finding;
}

static bool is_rf(const struct judging *j)
{
	return j->session->modality == MODALITY_RF;
}

static int64_t number(const struct judging *j, enum parameter parameter)
{
	return policy_number_for(j->policy, parameter, j->session->start, j->session->modality, 0);
}

static void judge_passes(const struct judging *j, const Carepace__V1__SessionEnd *end)
{
	int64_t max = number(j, is_rf(j) ? PARAM_PASSES_MAX_RF : PARAM_PASSES_MAX);
	int64_t most = 0;
	uint32_t zones = 0;

	for (size_t i = 0; i < end->n_passes; i++) {
		const Carepace__V1__ZonePasses *one = end->passes[i];
		if (one->passes <= max)
			continue;
		zones |= UINT32_C(1) << one->zone;
		if (one->passes > most)
			most = one->passes;
	}
	struct finding *finding = zones ? add_at_end(j, CHECK_PASSES_OVER) : NULL;
	if (!finding)
		return;
	finding_set_value(finding, most, max);
	finding->zones = zones;
}

static void judge_short(const struct judging *j)
{
	const Carepace__V1__ModelProfile *profile = profile_of(j->history, j->policy);
	int64_t min_minutes = profile && profile->has_min_session_min
	                          ? profile->min_session_min
	                          : number(j, PARAM_SHORT_MINUTES);
	int64_t lasted_ms = j->session->end - j->session->start;

	if (lasted_ms >= min_minutes * MS_PER_MINUTE)
		return;
	struct finding *finding = add_at_end(j, CHECK_SESSION_SHORT);
	if (finding)
		finding_set_value(finding, lasted_ms, min_minutes * MS_PER_MINUTE);
}

/* As the device counted; else pins x rate x time at work (domain 1.3). False: neither. */
static bool punctures_of(
    const struct judging *j, const Carepace__V1__SessionEnd *end, int64_t *punctures)
{
	const struct guard *guard = j->history->guard;

	if (end->has_punctures) {
		*punctures = (int64_t)end->punctures;
		return true;
	}
	if (!guard || guard->pins <= 0 || guard->set_rate_dhz < 0 || !end->has_active_ms)
		return false;
	*punctures = (int64_t)guard->pins * guard->set_rate_dhz * end->active_ms / 10000;
	return true;
}

static void judge_dose_low(const struct judging *j, const Carepace__V1__SessionEnd *end)
{
	int64_t min = number(j, PARAM_MIN_PUNCTURES);
	int64_t punctures;

	if (!punctures_of(j, end, &punctures) || punctures >= min)
		return;
	struct finding *finding = add_at_end(j, CHECK_DOSE_LOW);
	if (finding)
		finding_set_value(finding, punctures, min);
}

static void judge_end(const struct judging *j)
{
	const Carepace__V1__SessionEnd *end = end_of(j);

	if (!end)
		return;
	judge_passes(j, end);
	if (!j->session->is_completed || !j->session->has_start || is_rf(j))
		return;
	judge_short(j);
	judge_dose_low(j, end);
}

/* --- SESSION_LONG, SESSION_ORPHAN ----------------------------------------------------------------
 */

static int64_t silent_ms(const struct judging *j)
{
	return number(j, PARAM_SILENT_AFTER_MINUTES) * MS_PER_MINUTE;
}

static bool is_silent(const struct judging *j)
{
	return j->now - j->session->fold.last_at > silent_ms(j);
}

/* While it runs and speaks, it lasts until now; else up to what was heard last. */
static void judge_long(const struct judging *j)
{
	const struct session *session = j->session;
	const Carepace__V1__ModelProfile *profile = profile_of(j->history, j->policy);
	int64_t max_minutes =
	    profile && profile->has_max_session_min
	        ? profile->max_session_min
	        : number(j, is_rf(j) ? PARAM_LONG_MINUTES_RF : PARAM_LONG_MINUTES);
	event_ms long_at = session->start + max_minutes * MS_PER_MINUTE + 1;
	bool is_open = session_is_open(session);
	event_ms lasts_until = is_open && !is_silent(j) ? j->now : session->end;

	if (!session->has_start)
		return;
	if (is_open && j->now < long_at)
		timeline_wake_at(j->timeline, long_at);
	if (lasts_until < long_at)
		return;
	struct finding *finding =
	    timeline_add_to_session(j->timeline, CHECK_SESSION_LONG, "", session);
	if (!finding)
		return;
	finding->severity = SEVERITY_LOW;
	finding->from = long_at;
	finding_set_value(finding, (is_open ? long_at : session->end) - session->start,
	    max_minutes * MS_PER_MINUTE);
	end_with_session(finding, session, true);
}

/* Gaps that ended are in the guard; this one lasts, or lasted until the session was given
 * up. What came from a buffer after that was never watched: its rest is on the way. */
static void judge_orphan(const struct judging *j)
{
	const struct session *session = j->session;
	bool is_open = session_is_open(session);
	event_ms silent_at = session->fold.last_at + silent_ms(j) + 1;
	event_ms until = is_open ? TIME_NEVER : j->history->lost_at;
	struct episode e = {0};

	if (j->history->guard)
		e = guard_found(j->history->guard, CHECK_SESSION_ORPHAN);
	if (is_open && !is_silent(j))
		timeline_wake_at(j->timeline, silent_at);
	bool was_watched = !session->has_end && !session->is_replay;
	if (is_open ? is_silent(j) : was_watched && silent_at < until) {
		if (e.count++ == 0) {
			e.from = silent_at;
			e.limit = (int32_t)silent_ms(j);
			e.value = e.max = e.limit + 1;
		}
		e.until = until;
	}
	if (e.count == 0)
		return;
	const struct streaming row = {CHECK_SESSION_ORPHAN, SEVERITY_MEDIUM, true};
	find_episodes(j, &row, &e);
}

void judge_dose(const struct judging *j)
{
	judge_stream(j);
	judge_profile(j);
	judge_stop(j);
	judge_end(j);
	judge_long(j);
	judge_orphan(j);
}
