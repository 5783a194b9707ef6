/* session_eligibility.c - may this client be treated? (domain 8.2, 2.4, 2.5)
 *
 * By the client's flags as head office had them when the session began. Where a table
 * says what a code means, the code's name is the onset (R9).
 */
#include "care/judge/session.h"

#include "care/time/civil.h"
#include "care/time/zone.h"

#define FLAG(code) CAREPACE__V1__FLAG__##code
#define IS_YES CAREPACE__V1__FLAG_VALUE__FLAG_YES
#define IS_NO CAREPACE__V1__FLAG_VALUE__FLAG_NO

static bool is_rf(const struct judging *j)
{
	return j->session->modality == MODALITY_RF;
}

/* --- flags --------------------------------------------------------------------------- */

struct contra {
	Carepace__V1__Flag flag;
	const char *code;
	enum check check;
	bool is_zonal;
	bool is_rf_only;
};

#define ROW(code, check, is_zonal, is_rf_only)                                                     \
	{                                                                                          \
		FLAG(code), #code, CHECK_CONTRA_##check, is_zonal, is_rf_only                      \
	}

/* Domain 2.4; ACTIVE_IMPLANT has a check of its own. */
static const struct contra contras[] = {
    ROW(PREGNANT_NURSING, ABSOLUTE, false, false),
    ROW(ACTIVE_INFECTION, ABSOLUTE, true, false),
    ROW(OPEN_WOUND, ABSOLUTE, true, false),
    ROW(HSV_ACTIVE, ABSOLUTE, true, false),
    ROW(SKIN_CANCER, ABSOLUTE, true, false),
    ROW(SUNBURN, ABSOLUTE, true, false),
    ROW(ACTIVE_ACNE, RELATIVE, true, false),
    ROW(ROSACEA_ACTIVE, RELATIVE, true, false),
    ROW(ECZEMA_ACTIVE, RELATIVE, true, false),
    ROW(PSORIASIS_ACTIVE, RELATIVE, true, false),
    ROW(KELOID_HISTORY, RELATIVE, false, false),
    ROW(SCLERODERMA_COLLAGEN_VASC, RELATIVE, false, false),
    ROW(BLEEDING_DISORDER, RELATIVE, false, false),
    ROW(ANTICOAGULANT, RELATIVE, false, false),
    ROW(CHEMO_RADIO, RELATIVE, false, false),
    ROW(HIGH_DOSE_STEROID, RELATIVE, false, false),
    ROW(IMMUNOSUPPRESSED, RELATIVE, false, false),
    ROW(DIABETES_UNCONTROLLED, RELATIVE, false, false),
    ROW(ALLERGY_METAL, RELATIVE, false, false),
    ROW(ALLERGY_ANAESTHETIC, RELATIVE, false, false),
    ROW(METAL_IMPLANT, RELATIVE, true, true),
    ROW(TATTOO_PMU, ADVISE, true, true),
    ROW(LIPS, ADVISE, false, true),
    ROW(EYEBROW_HAIR, ADVISE, false, true),
    ROW(HSV_HISTORY, ADVISE, false, false),
};

/* NULL: nobody said, which is `unknown` (R16). */
static const Carepace__V1__FlagEntry *entry_of(
    const Carepace__V1__ClientFlags *flags, Carepace__V1__Flag flag)
{
	for (size_t i = 0; i < flags->n_flag; i++)
		if (flags->flag[i]->flag == flag &&
		    (flags->flag[i]->value == IS_YES || flags->flag[i]->value == IS_NO))
			return flags->flag[i];
	return NULL;
}

static bool is_yes(const Carepace__V1__FlagEntry *entry)
{
	return entry && entry->value == IS_YES;
}

/* A zone of the flag's is treated; without zones the flag is everywhere. */
static bool is_met(
    const struct judging *j, const struct contra *contra, const Carepace__V1__ClientFlags *flags)
{
	const Carepace__V1__FlagEntry *entry = entry_of(flags, contra->flag);

	if (!is_yes(entry))
		return false;
	if (contra->flag == FLAG(HSV_HISTORY))
		return !is_yes(entry_of(flags, FLAG(HSV_PROPHYLAXIS)));
	return !contra->is_zonal || !entry->zones || zones_overlap(entry->zones, j->session->zones);
}

/* The first later word that it is not so, or not there; `unknown` lifts nothing. */
static event_ms lifted_at(const struct judging *j, const struct contra *contra)
{
	struct facts facts = j->scene->client;

	for (size_t i = 0; i < facts.count; i++) {
		const struct reading *reading = &facts.items[i].reading;
		if (reading->kind == READING_CLIENT_FLAGS && reading->ts > j->session->start &&
		    fact_holds(&facts.items[i], reading->ts) &&
		    entry_of(reading->order->client_flags, contra->flag) &&
		    !is_met(j, contra, reading->order->client_flags))
			return reading->ts;
	}
	return TIME_NEVER;
}

static struct finding *add_contra(
    const struct judging *j, const struct contra *contra, enum severity severity, event_ms lifted)
{
	struct finding *finding =
	    timeline_add_to_session(j->timeline, contra->check, contra->code, j->session);

	if (!finding)
		return NULL;
	finding->severity = severity;
	judge_clear_by(j, finding, lifted);
	return finding;
}

/* --- CONTRA_ABSOLUTE, CONTRA_RELATIVE, CONTRA_ADVISE ------------------------------------ */

static void judge_contra(
    const struct judging *j, const struct contra *contra, const Carepace__V1__ClientFlags *flags)
{
	if (contra->is_rf_only && !is_rf(j))
		return;
	const Carepace__V1__FlagEntry *entry = entry_of(flags, contra->flag);
	if (!entry) {
		judge_missing(j, MISSING_FLAGS);
		return;
	}
	if (!is_met(j, contra, flags))
		return;

	bool is_absolute = contra->check == CHECK_CONTRA_ABSOLUTE;
	bool is_relative = contra->check == CHECK_CONTRA_RELATIVE;
	struct finding *finding = add_contra(j, contra,
	    is_absolute   ? SEVERITY_CRITICAL
	    : is_relative ? SEVERITY_HIGH
	                  : SEVERITY_LOW,
	    is_relative ? TIME_NEVER : lifted_at(j, contra));
	if (finding && contra->is_zonal)
		finding->zones = entry->zones ? entry->zones : j->session->zones;
}

/* --- CONTRA_RF_IMPLANT ------------------------------------------------------------------- */

/* Not known is not no. */
static void judge_implant(const struct judging *j, const Carepace__V1__ClientFlags *flags)
{
	static const struct contra implant = ROW(ACTIVE_IMPLANT, RF_IMPLANT, false, true);
	const Carepace__V1__FlagEntry *entry = flags ? entry_of(flags, implant.flag) : NULL;

	if (is_rf(j) && (!entry || is_yes(entry)))
		add_contra(
		    j, &implant, entry ? SEVERITY_CRITICAL : SEVERITY_HIGH, lifted_at(j, &implant));
}

/* --- AGE_LIMIT ---------------------------------------------------------------------------- */

static void judge_age(const struct judging *j, const Carepace__V1__ClientFlags *flags)
{
	bool is_minor = flags->has_age_ok_18 && !flags->age_ok_18;
	bool is_young = flags->has_age_ok_22 && !flags->age_ok_22;

	if (!is_minor && (!flags->has_age_ok_18 || !flags->has_age_ok_22))
		judge_missing(j, MISSING_FLAGS);
	if (!is_minor && !is_young)
		return;
	struct finding *finding =
	    timeline_add_to_session(j->timeline, CHECK_AGE_LIMIT, "", j->session);
	if (!finding)
		return;
	finding->severity = is_minor ? SEVERITY_CRITICAL : SEVERITY_LOW;
	judge_clear_by(j, finding, TIME_NEVER);
}

/* --- WASHOUT_ISOTRETINOIN, WASHOUT_OTHER ------------------------------------------------ */

struct agent {
	Carepace__V1__Agent agent;
	const char *code;
	enum parameter wait; /* days; of isotretinoin calendar months (R5) */
	bool is_elapsed;     /* days of 24 h since an instant (R4), not civil days */
};

#define AGENT(code, wait, is_elapsed)                                                              \
	{                                                                                          \
		CAREPACE__V1__AGENT__AGENT_##code, #code, PARAM_##code##_##wait, is_elapsed        \
	}

static const struct agent agents[] = {
    AGENT(ISOTRETINOIN, MONTHS, false),
    AGENT(BOTULINUM, DAYS, false),
    AGENT(FILLER, DAYS, false),
    AGENT(PEEL_SUPERFICIAL, DAYS, false),
    AGENT(LASER_NONABL, DAYS, false),
    AGENT(RF_OTHER, DAYS, false),
    AGENT(LASER_ABLATIVE, DAYS, false),
    AGENT(DEEP_PEEL, DAYS, false),
    AGENT(DERMABRASION, DAYS, false),
    AGENT(FACIAL_SURGERY, DAYS, false),
    AGENT(TAN_UV, DAYS, false),
    AGENT(TOPICAL_RETINOID_AHA, DAYS, true),
};

/* What the wait looks like from a session's start. */
struct wait {
	bool is_known; /* false: nobody said when it was */
	bool is_over;
	int64_t value;
	int64_t limit;
	int32_t earliest_day;
};

static struct wait wait_for_instant(
    const struct judging *j, const Carepace__V1__Washout *washout, int64_t days)
{
	event_ms over_at = washout->last_ts_ms + days * MS_PER_DAY;

	return (struct wait){
	    .is_known = washout->has_last_ts_ms,
	    .is_over = j->session->start >= over_at,
	    .value = (j->session->start - washout->last_ts_ms) / MS_PER_DAY,
	    .limit = days,
	    .earliest_day = zone_day(j->policy->zone, over_at),
	};
}

static struct wait wait_for(
    const struct judging *j, const struct agent *agent, const Carepace__V1__Washout *washout)
{
	int64_t number = policy_number(j->policy, agent->wait, j->session->start);
	int32_t last;

	if (agent->is_elapsed)
		return wait_for_instant(j, washout, number);
	if (!washout->has_last_date || !civil_parse_yyyymmdd(washout->last_date, &last)) {
		if (!washout->has_last_ts_ms)
			return (struct wait){.is_known = false};
		last = zone_day(j->policy->zone, washout->last_ts_ms);
	}

	bool is_months = agent->wait == PARAM_ISOTRETINOIN_MONTHS;
	int32_t day = j->session->day;
	int32_t over = is_months ? civil_add_months(last, (int)number) : last + (int32_t)number;
	return (struct wait){
	    .is_known = true,
	    .is_over = day >= over,
	    .value = is_months ? (int64_t)civil_to_yyyymmdd(day) : day - last,
	    .limit = is_months ? (int64_t)civil_to_yyyymmdd(over) : number,
	    .earliest_day = over,
	};
}

static const Carepace__V1__Washout *washout_of(
    const Carepace__V1__ClientFlags *flags, const struct agent *agent)
{
	for (size_t i = 0; i < flags->n_washout; i++)
		if (flags->washout[i]->agent == agent->agent)
			return flags->washout[i];
	return NULL;
}

/* The first later word that gives another time, good for this session. That it is not
 * listed any more corrects nothing: it may just be long ago. */
static event_ms corrected_at(const struct judging *j, const struct agent *agent)
{
	struct facts facts = j->scene->client;

	for (size_t i = 0; i < facts.count; i++) {
		const struct reading *reading = &facts.items[i].reading;
		if (reading->kind != READING_CLIENT_FLAGS || reading->ts <= j->session->start ||
		    !fact_holds(&facts.items[i], reading->ts))
			continue;
		const Carepace__V1__Washout *washout =
		    washout_of(reading->order->client_flags, agent);
		struct wait wait =
		    washout ? wait_for(j, agent, washout) : (struct wait){.is_known = false};
		if (wait.is_known && wait.is_over)
			return reading->ts;
	}
	return TIME_NEVER;
}

static void judge_washout(
    const struct judging *j, const struct agent *agent, const Carepace__V1__ClientFlags *flags)
{
	const Carepace__V1__Washout *washout = washout_of(flags, agent);

	if (!washout)
		return;
	struct wait wait = wait_for(j, agent, washout);
	if (!wait.is_known)
		judge_missing(j, MISSING_FLAGS);
	if (!wait.is_known || wait.is_over)
		return;
	bool is_months = agent->wait == PARAM_ISOTRETINOIN_MONTHS;
	struct finding *finding = timeline_add_to_session(j->timeline,
	    is_months ? CHECK_WASHOUT_ISOTRETINOIN : CHECK_WASHOUT_OTHER, agent->code, j->session);
	if (!finding)
		return;
	finding->severity = is_months ? SEVERITY_HIGH : SEVERITY_MEDIUM;
	finding_set_value(finding, wait.value, wait.limit);
	finding->earliest_day = wait.earliest_day;
	judge_clear_by(j, finding, corrected_at(j, agent));
}

/* --- SCREENING_MISSING ------------------------------------------------------------------------ */

static bool is_consent(const struct fact *screening)
{
	return screening &&
	       screening->reading.up->screening->consent == CAREPACE__V1__CONSENT__CONSENT_YES;
}

/* The scene has those of the session's day. The last word before the start counts, and
 * the first good one after it clears. */
static void judge_screening(const struct judging *j)
{
	const int64_t topic = FACT_TOPIC(READING_SCREENING, 0);
	struct facts facts = j->scene->client;

	if (is_consent(facts_last(facts, topic, j->session->start)))
		return;
	const struct fact *later = facts_next(facts, topic, j->session->start);
	while (later && !is_consent(later))
		later = facts_next(facts, topic, later->reading.ts);
	struct finding *finding =
	    timeline_add_to_session(j->timeline, CHECK_SCREENING_MISSING, "", j->session);
	if (!finding)
		return;
	finding->severity = SEVERITY_MEDIUM;
	judge_clear_by(j, finding, later ? later->reading.ts : TIME_NEVER);
}

/* --- all ------------------------------------------------------------------------------------- */

/* Without a client there is nobody to ask about: DATA_MISSING says so. A forgotten one
 * asked not to be judged. */
void judge_eligibility(const struct judging *j)
{
	if (!j->session->has_start || !session_has_client(j->session))
		return;
	const Carepace__V1__ClientFlags *flags = judging_flags(j);

	judge_implant(j, flags);
	if (!session_is_undated(j->session))
		judge_screening(j);
	if (!flags) {
		judge_missing(j, MISSING_FLAGS);
		return;
	}
	judge_age(j, flags);
	for (size_t i = 0; i < CP_COUNT(contras); i++)
		judge_contra(j, &contras[i], flags);
	for (size_t i = 0; i < CP_COUNT(agents) && !session_is_undated(j->session); i++)
		judge_washout(j, &agents[i], flags);
}
