#include "care/policy.h"

#include "care/timeline.h"

#include <string.h>

bool policy_is_here(const struct policy *policy, const char *site)
{
	return !policy->site || !site || strcmp(site, policy->site) == 0;
}

const struct facts *policy_orders(const struct policy *policy, enum reading_kind kind)
{
	switch (kind) {
	case READING_POLICY:
		return &policy->policies;
	case READING_MODEL_PROFILE:
		return &policy->profiles;
	case READING_FIRMWARE_POLICY:
		return &policy->firmware;
	case READING_CALENDAR:
		return &policy->calendars;
	default:
		return &policy->roles;
	}
}

/* The order of one kind about one model (or site: 0) that holds at a moment; the
 * clinic's own goes before head office's. */
typedef bool match_fn(const struct reading *reading, uint32_t model);

static const struct fact *holding(
    const struct policy *policy, struct facts facts, match_fn *matches, uint32_t model, event_ms at)
{
	const struct fact *best = NULL;

	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		if ((matches && !matches(&fact->reading, model)) ||
		    fact->reading.order->withdrawn || !fact_holds(fact, at))
			continue;
		if (!best || fact->source == policy->box || best->source != policy->box)
			best = fact;
	}
	return best;
}

/* --- numbers -------------------------------------------------------------------- */

static bool is_off(const Carepace__V1__Policy *policy, enum check check)
{
	for (size_t i = 0; i < policy->n_off; i++)
		if (policy->off[i] == (Carepace__V1__Check)check)
			return true;
	return false;
}

/* How narrow a setting is that covers the case; -1: it does not. */
static int narrowness(const Carepace__V1__PolicySetting *setting, unsigned modality, uint32_t zones)
{
	bool is_modal = setting->has_modalities && setting->modalities;
	bool is_zonal = setting->has_zones && setting->zones;

	if ((is_modal && !(modality && setting->modalities & 1U << modality)) ||
	    (is_zonal && !(zones && (setting->zones & zones) == zones)))
		return -1;
	return (is_zonal ? 2 : 0) + (is_modal ? 1 : 0);
}

static bool is_setting_of(
    const Carepace__V1__PolicySetting *setting, const struct parameter_row *row)
{
	return setting->check == (Carepace__V1__Check)row->check &&
	       strcmp(setting->parameter, row->name) == 0 && setting->value >= row->min &&
	       setting->value <= row->max;
}

static const Carepace__V1__PolicySetting *find_setting(const Carepace__V1__Policy *policy,
    const struct parameter_row *row, unsigned modality, uint32_t zones)
{
	const Carepace__V1__PolicySetting *best = NULL;
	int best_narrowness = -1;

	for (size_t i = 0; i < policy->n_setting; i++) {
		const Carepace__V1__PolicySetting *setting = policy->setting[i];
		if (!is_setting_of(setting, row))
			continue;
		int narrow = narrowness(setting, modality, zones);
		if (narrow > best_narrowness) {
			best_narrowness = narrow;
			best = setting;
		}
	}
	return best;
}

int64_t policy_number_for(const struct policy *policy, enum parameter parameter, event_ms at,
    unsigned modality, uint32_t zones)
{
	const struct parameter_row *row = &parameters[parameter];
	const Carepace__V1__PolicySetting *best = NULL;

	for (size_t i = 0; i < policy->policies.count; i++) {
		const struct fact *fact = &policy->policies.items[i];
		const Carepace__V1__PolicySetting *setting =
		    find_setting(fact->reading.order->policy, row, modality, zones);
		if (!setting || !fact_holds(fact, at))
			continue;
		if (fact->source == policy->box)
			return setting->value;
		best = setting;
	}
	return best ? best->value : row->value;
}

int64_t policy_number(const struct policy *policy, enum parameter parameter, event_ms at)
{
	return policy_number_for(policy, parameter, at, 0, 0);
}

struct span {
	int64_t lowest;
	int64_t highest;
};

static struct span span_of(const struct policy *policy, const struct parameter_row *row)
{
	struct span span = {.lowest = row->value, .highest = row->value};

	for (size_t i = 0; i < policy->policies.count; i++) {
		const Carepace__V1__Policy *order = policy->policies.items[i].reading.order->policy;
		for (size_t k = 0; k < order->n_setting; k++) {
			int64_t value = order->setting[k]->value;
			if (!is_setting_of(order->setting[k], row))
				continue;
			span.lowest = value < span.lowest ? value : span.lowest;
			span.highest = value > span.highest ? value : span.highest;
		}
	}
	return span;
}

int64_t policy_lowest(const struct policy *policy, enum parameter parameter)
{
	return span_of(policy, &parameters[parameter]).lowest;
}

int64_t policy_highest(const struct policy *policy, enum parameter parameter)
{
	return span_of(policy, &parameters[parameter]).highest;
}

bool policy_is_off(const struct policy *policy, enum check check, event_ms at)
{
	for (size_t i = 0; i < policy->policies.count; i++) {
		const struct fact *fact = &policy->policies.items[i];
		if (is_off(fact->reading.order->policy, check) && fact_holds(fact, at))
			return true;
	}
	return false;
}

/* --- the rest --------------------------------------------------------------------- */

static bool is_profile_of(const struct reading *reading, uint32_t model)
{
	return reading->order->model_profile->model == model;
}

const Carepace__V1__ModelProfile *policy_profile(
    const struct policy *policy, uint32_t model, event_ms at)
{
	const struct fact *fact = holding(policy, policy->profiles, is_profile_of, model, at);

	return fact ? fact->reading.order->model_profile : NULL;
}

static bool is_firmware_of(const struct reading *reading, uint32_t model)
{
	return reading->order->firmware_policy->model == model;
}

const Carepace__V1__FirmwarePolicy *policy_firmware(
    const struct policy *policy, uint32_t model, event_ms at)
{
	const struct fact *fact = holding(policy, policy->firmware, is_firmware_of, model, at);

	return fact ? fact->reading.order->firmware_policy : NULL;
}

const Carepace__V1__Calendar *policy_calendar(const struct policy *policy, event_ms at)
{
	const struct fact *fact = holding(policy, policy->calendars, NULL, 0, at);

	return fact ? fact->reading.order->calendar : NULL;
}

const Carepace__V1__ClinicRole *policy_role(const struct policy *policy, event_ms at)
{
	const struct fact *fact = holding(policy, policy->roles, NULL, 0, at);

	return fact ? fact->reading.order->clinic_role : NULL;
}

/* --- switched off ------------------------------------------------------------------ */

void policy_filter(const struct policy *policy, struct timeline *timeline)
{
	size_t kept = 0;

	for (size_t i = 0; i < timeline->count; i++)
		if (!policy_is_off(policy, timeline->items[i].check, timeline->items[i].from))
			timeline->items[kept++] = timeline->items[i];
	timeline->count = kept;
}
