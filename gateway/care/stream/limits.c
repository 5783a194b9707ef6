#include "care/stream/limits.h"

#include "base/hash.h"

/* --- domain 1.4: default maximum depth per zone, um ---------------------------------- */

#define DEPTH_OF_UNKNOWN 500 /* for `-` and `profile only` as well */

static const struct {
	int32_t pen; /* and stamp, clinic roller */
	int32_t rf;
} zone_table[LIMIT_ZONES] = {
    [CAREPACE__V1__ZONE__ZONE_UNKNOWN] = {DEPTH_OF_UNKNOWN, DEPTH_OF_UNKNOWN},
    [CAREPACE__V1__ZONE__FOREHEAD] = {1500, 1500},
    [CAREPACE__V1__ZONE__TEMPLE] = {1500, 1500},
    [CAREPACE__V1__ZONE__PERIORBITAL] = {500, 1000},
    [CAREPACE__V1__ZONE__CHEEK] = {1500, 2000},
    [CAREPACE__V1__ZONE__NOSE] = {1000, 2000},
    [CAREPACE__V1__ZONE__PERIORAL] = {500, 500},
    [CAREPACE__V1__ZONE__CHIN_JAW] = {1500, 2000},
    [CAREPACE__V1__ZONE__SUBMENTUM] = {1500, 3500},
    [CAREPACE__V1__ZONE__NECK] = {1500, 1500},
    [CAREPACE__V1__ZONE__DECOLLETE] = {1500, 2000},
    [CAREPACE__V1__ZONE__HANDS] = {1500, 2000},
    [CAREPACE__V1__ZONE__ABDOMEN] = {2500, 4000},
    [CAREPACE__V1__ZONE__ARM] = {2500, 4000},
    [CAREPACE__V1__ZONE__THIGH] = {2500, 4000},
    [CAREPACE__V1__ZONE__BACK] = {2500, 4000},
    [CAREPACE__V1__ZONE__BUTTOCK] = {2500, 4000},
    [CAREPACE__V1__ZONE__SCALP] = {1500, DEPTH_OF_UNKNOWN},
    [CAREPACE__V1__ZONE__AXILLA] = {DEPTH_OF_UNKNOWN, 3500},
};

#define NECK_CLEARED_UM 2500 /* where the profile has no maximum of its own */

/* --- sources --------------------------------------------------------------------------- */

struct sources {
	const struct session_history *history;
	const struct policy *policy;
	const Carepace__V1__SessionStart *start;   /* NULL: not heard */
	const Carepace__V1__ModelProfile *profile; /* NULL: none */
	enum modality modality;
	uint32_t skin_types; /* the client's, as a set; unknown: all */
	event_ms at;
};

static int32_t number(const struct sources *s, enum parameter parameter)
{
	return (int32_t)policy_number_for(s->policy, parameter, s->at, s->modality, 0);
}

const Carepace__V1__SessionStart *start_of(const struct session_history *history)
{
	for (size_t i = 0; i < history->facts.count; i++) {
		const struct reading *reading = &history->facts.items[i].reading;
		if (reading->kind == READING_SESSION_START &&
		    reading->ts == history->session->start)
			return reading->up->session_start;
	}
	return NULL;
}

const Carepace__V1__ModelProfile *profile_of(
    const struct session_history *history, const struct policy *policy)
{
	const struct session *session = history->session;

	return session->model == MODEL_UNKNOWN
	           ? NULL
	           : policy_profile(policy, (uint32_t)session->model, session->start);
}

uint32_t skin_type_of(const struct session_history *history)
{
	const Carepace__V1__SessionStart *start = start_of(history);
	const struct fact *flags =
	    facts_holding(history->scene.client, READING_CLIENT_FLAGS, history->session->start);

	if (start && start->fitzpatrick)
		return start->fitzpatrick;
	return flags ? flags->reading.order->client_flags->fitzpatrick : 0;
}

/* --- depth ------------------------------------------------------------------------------- */

static const Carepace__V1__ZoneLimit *zone_limit_of(
    const Carepace__V1__ModelProfile *profile, size_t zone)
{
	for (size_t i = 0; profile && i < profile->n_zone_limit; i++)
		if ((size_t)profile->zone_limit[i]->zone == zone)
			return profile->zone_limit[i];
	return NULL;
}

/* What the clinic or head office says goes before the maker's value, that before the
 * table. */
static int32_t zone_depth(const struct sources *s, size_t zone)
{
	const Carepace__V1__ZoneLimit *of_model = zone_limit_of(s->profile, zone);
	int64_t said = policy_number_for(
	    s->policy, PARAM_ZONE_DEPTH_UM, s->at, s->modality, UINT32_C(1) << zone);

	if (said)
		return (int32_t)said;
	if (of_model && of_model->has_max_depth_um)
		return (int32_t)of_model->max_depth_um;
	if (zone == CAREPACE__V1__ZONE__NECK && s->profile && s->profile->neck_cleared)
		return s->profile->has_max_depth_um ? (int32_t)s->profile->max_depth_um
		                                    : NECK_CLEARED_UM;
	return s->modality == MODALITY_RF ? zone_table[zone].rf : zone_table[zone].pen;
}

static int32_t label_depth(const struct sources *s, size_t zone)
{
	const Carepace__V1__ZoneLimit *of_zone = zone_limit_of(s->profile, zone);
	int32_t label = LIMIT_NONE;

	if (s->profile && s->profile->has_max_depth_um)
		label = (int32_t)s->profile->max_depth_um;
	if (of_zone && of_zone->has_label_depth_um && (int32_t)of_zone->label_depth_um < label)
		label = (int32_t)of_zone->label_depth_um;
	return label;
}

static bool covers_model(const Carepace__V1__Cert *cert, int32_t model)
{
	for (size_t i = 0; i < cert->n_model; i++)
		if ((int32_t)cert->model[i] == model)
			return true;
	return false;
}

/* Of several certificates for the model the widest: each of them allows what it says.
 * Without any, OPERATOR_UNCERTIFIED speaks. */
static int32_t scope_depth(const struct sources *s)
{
	const struct facts facts = s->history->scene.operator;
	int32_t model = s->history->session->model;
	int32_t scope = -1;

	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		if (fact->reading.kind != READING_CERT || !fact_holds(fact, s->at) ||
		    !covers_model(fact->reading.order->cert, model))
			continue;
		const Carepace__V1__Cert *cert = fact->reading.order->cert;
		int32_t allowed = cert->has_max_depth_um ? (int32_t)cert->max_depth_um : LIMIT_NONE;
		if (allowed > scope)
			scope = allowed;
	}
	return scope < 0 ? LIMIT_NONE : scope;
}

static void set_depths(const struct sources *s, struct limits *limits)
{
	uint32_t planned = s->history->session->zones;

	limits->preset_zone_depth_um = LIMIT_NONE;
	for (size_t zone = 0; zone < LIMIT_ZONES; zone++) {
		int32_t depth = zone_depth(s, zone);
		limits->zone_depth_um[zone] = depth;
		limits->label_depth_um[zone] = label_depth(s, zone);
		if (planned & UINT32_C(1) << zone && depth < limits->preset_zone_depth_um)
			limits->preset_zone_depth_um = depth;
	}
	limits->scope_depth_um = scope_depth(s);
	limits->depth_tolerance_um = number(s, PARAM_DEPTH_TOLERANCE_UM);
	limits->speed_tolerance_pct = number(s, PARAM_SPEED_TOLERANCE_PCT);
}

/* --- energy ------------------------------------------------------------------------------ */

static bool applies(const struct sources *s, const Carepace__V1__EnergyLimit *limit, size_t zone)
{
	bool is_here = zone == CAREPACE__V1__ZONE__ZONE_UNKNOWN || !limit->zones ||
	               limit->zones & (UINT32_C(1) << zone | 1U);

	return is_here && (!limit->skin_types || limit->skin_types & s->skin_types);
}

static int32_t lower(int32_t limit, protobuf_c_boolean has_other, uint32_t other)
{
	return has_other && (int32_t)other < limit ? (int32_t)other : limit;
}

/* Of all that apply to the zone and the skin type, the lowest. */
static void set_energies(const struct sources *s, struct limits *limits)
{
	for (size_t zone = 0; zone < LIMIT_ZONES; zone++) {
		int32_t *energy = &limits->energy_uj[zone];
		int32_t *power = &limits->power_mw[zone];
		int32_t *pulse = &limits->pulse_us[zone];
		*energy = *power = *pulse = LIMIT_NONE;
		for (size_t i = 0; s->profile && i < s->profile->n_energy_limit; i++) {
			const Carepace__V1__EnergyLimit *one = s->profile->energy_limit[i];
			if (!applies(s, one, zone))
				continue;
			*energy = lower(*energy, one->has_max_energy_uj, one->max_energy_uj);
			*power = lower(*power, one->has_max_power_mw, one->max_power_mw);
			*pulse = lower(*pulse, one->has_max_pulse_us, one->max_pulse_us);
		}
	}
}

/* An unknown type is a missing input, not a forbidden one. */
static int32_t skin_type_energy(const struct sources *s, uint32_t type)
{
	const Carepace__V1__ModelProfile *profile = s->profile;

	if (!profile || !type || !profile->skin_types || profile->skin_types & UINT32_C(1) << type)
		return LIMIT_NONE;
	return profile->has_skin_type_energy_uj ? (int32_t)profile->skin_type_energy_uj
	                                        : LIMIT_ALWAYS;
}

static void set_pulses(const struct sources *s, struct limits *limits)
{
	const Carepace__V1__ModelProfile *profile = s->profile;

	limits->mismatch_tolerance_pct = number(s, PARAM_MISMATCH_TOLERANCE_PCT);
	limits->mismatch_pulses = number(s, PARAM_MISMATCH_PULSES);
	limits->mismatch_window = number(s, PARAM_MISMATCH_WINDOW);
	limits->freq_tolerance_pct = number(s, PARAM_FREQ_TOLERANCE_PCT);
	limits->impedance_pulses = number(s, PARAM_IMPEDANCE_PULSES);
	limits->impedance_window = number(s, PARAM_IMPEDANCE_WINDOW);
	limits->contact_pct = number(s, PARAM_CONTACT_PCT);
	limits->contact_clear_pct = number(s, PARAM_CONTACT_CLEAR_PCT);
	limits->contact_window = number(s, PARAM_CONTACT_WINDOW);
	limits->contact_min_pulses = number(s, PARAM_CONTACT_MIN_PULSES);
	limits->tip_low_pct = number(s, PARAM_TIP_LOW_PCT);
	limits->max_impedance_ohm = LIMIT_NONE;
	if (!profile)
		return;
	limits->pins = (int32_t)profile->pins;
	limits->tip_pulses =
	    profile->tip_limit > INT32_MAX ? INT32_MAX : (int32_t)profile->tip_limit;
	limits->freq_khz = (int32_t)profile->freq_khz;
	limits->min_impedance_ohm = (int32_t)profile->min_impedance_ohm;
	if (profile->has_max_impedance_ohm)
		limits->max_impedance_ohm = (int32_t)profile->max_impedance_ohm;
	limits->stack_gap_ms = (int32_t)profile->min_stack_gap_ms;
}

/* --- the rest ------------------------------------------------------------------------------ */

static void set_temperatures(const struct sources *s, struct limits *limits)
{
	limits->skin_cdegc = number(s, PARAM_SKIN_CDEGC);
	limits->skin_clear_cdegc = number(s, PARAM_SKIN_CLEAR_CDEGC);
	limits->needle_cdegc = number(s, PARAM_NEEDLE_CDEGC);
	if (s->profile && s->profile->has_target_temp_cdegc) {
		int32_t over = s->profile->target_temp_cdegc + number(s, PARAM_NEEDLE_OVER_CDEGC);
		if (over < limits->needle_cdegc)
			limits->needle_cdegc = over;
	}
	limits->cooling_ms = number(s, PARAM_COOLING_MS);
	limits->battery_pct = number(s, PARAM_BATTERY_RUNNING_PERCENT);
	limits->silent_ms = number(s, PARAM_SILENT_AFTER_MINUTES) * (int32_t)MS_PER_MINUTE;
}

static void set_preset(const struct sources *s, struct limits *limits)
{
	const Carepace__V1__SessionStart *start = s->start;

	limits->preset_depth_um = limits->preset_rate_dhz = limits->preset_energy_uj = -1;
	if (s->profile && s->profile->has_rate_dhz)
		limits->preset_rate_dhz = (int32_t)s->profile->rate_dhz;
	if (start && start->has_preset_depth_um)
		limits->preset_depth_um = (int32_t)start->preset_depth_um;
	if (start && start->has_preset_rate_dhz)
		limits->preset_rate_dhz = (int32_t)start->preset_rate_dhz;
	if (start && start->has_preset_energy_uj)
		limits->preset_energy_uj = (int32_t)start->preset_energy_uj;
}

/* So many samples raise, and so long within the limit clears. */
static struct debounce by_count(
    const struct sources *s, enum parameter samples, enum parameter clear_s)
{
	return (struct debounce){
	    .raise_count = number(s, samples),
	    .clear_count = 1,
	    .clear_ms = number(s, clear_s) * (int32_t)MS_PER_SECOND,
	};
}

static void set_debounces(const struct sources *s, struct limits *limits)
{
	struct debounce *d = limits->debounce;

	d[LIMIT_DEPTH_ZONE] = by_count(s, PARAM_ZONE_SAMPLES, PARAM_ZONE_CLEAR_S);
	d[LIMIT_DEPTH_LABEL] = by_count(s, PARAM_LABEL_SAMPLES, PARAM_LABEL_CLEAR_S);
	d[LIMIT_DEPTH_SCOPE] = by_count(s, PARAM_SCOPE_SAMPLES, PARAM_SCOPE_CLEAR_S);
	d[LIMIT_DEPTH_DEVIATION] = by_count(s, PARAM_DEVIATION_SAMPLES, PARAM_DEVIATION_CLEAR_S);
	d[LIMIT_TEMP_SKIN] = by_count(s, PARAM_SKIN_SAMPLES, PARAM_SKIN_CLEAR_S);
	d[LIMIT_TEMP_NEEDLE] = by_count(s, PARAM_NEEDLE_SAMPLES, PARAM_NEEDLE_CLEAR_S);
	d[LIMIT_SPEED] = (struct debounce){
	    1, number(s, PARAM_SPEED_RAISE_S) * 1000, 1, number(s, PARAM_SPEED_CLEAR_S) * 1000};
	d[LIMIT_COOLING] =
	    (struct debounce){1, 0, 1, number(s, PARAM_COOLING_CLEAR_S) * (int32_t)MS_PER_SECOND};
	d[LIMIT_MISMATCH] = (struct debounce){1, 0, limits->mismatch_window, 0};
	d[LIMIT_IMPEDANCE] = (struct debounce){1, 0, limits->impedance_window, 0};
	d[LIMIT_AT_ONCE] = (struct debounce){1, 0, 1, 0};
}

void limits_of(
    const struct session_history *history, const struct policy *policy, struct limits *out)
{
	const struct session *session = history->session;
	uint32_t type = skin_type_of(history);
	const struct sources sources = {
	    .history = history,
	    .policy = policy,
	    .start = start_of(history),
	    .profile = profile_of(history, policy),
	    .modality = session->modality,
	    .skin_types = type ? UINT32_C(1) << type : UINT32_MAX,
	    .at = session->start,
	};

	memset(out, 0, sizeof(*out)); /* padding counts in the hash */
	out->start = session->start;
	set_depths(&sources, out);
	set_energies(&sources, out);
	out->skin_type_energy_uj = skin_type_energy(&sources, type);
	set_pulses(&sources, out);
	set_temperatures(&sources, out);
	set_preset(&sources, out);
	set_debounces(&sources, out);
}

void limits_hash(const struct limits *limits, uint8_t out[LIMITS_HASH_BYTES])
{
	const struct slice whole = slice_of(limits, sizeof(*limits));
	uint8_t hash[HASH_BYTES];

	hash_sha256(&whole, 1, hash);
	memcpy(out, hash, LIMITS_HASH_BYTES);
}
