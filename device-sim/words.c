#include "words.h"

#include "base/err.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *words_zone(Carepace__V1__Zone zone)
{
	static const char *const names[] = {"unknown zone", "forehead", "temple",
	    "skin around the eyes", "cheek", "nose", "skin around the mouth", "chin",
	    "skin under the chin", "neck", "decollete", "hands", "abdomen", "arm", "thigh", "back",
	    "buttock", "scalp", "armpit"};

	return (size_t)zone < CP_COUNT(names) ? names[zone] : names[0];
}

const char *words_decision(Carepace__V1__Decision decision)
{
	switch (decision) {
	case CAREPACE__V1__DECISION__PERMIT:
		return "permit";
	case CAREPACE__V1__DECISION__ADVISE:
		return "advise";
	case CAREPACE__V1__DECISION__REQUIRE_OVERRIDE:
		return "require override";
	case CAREPACE__V1__DECISION__DENY:
		return "deny";
	default:
		return NULL;
	}
}

const char *words_check(Carepace__V1__Check check)
{
	const ProtobufCEnumValue *value =
	    protobuf_c_enum_descriptor_get_value(&carepace__v1__check__descriptor, (int)check);

	return value ? value->name : "UNKNOWN_CHECK";
}

const char *words_date(uint32_t yyyymmdd, char out[WORDS_DATE_BYTES])
{
	static const char *const months[] = {"January", "February", "March", "April", "May", "June",
	    "July", "August", "September", "October", "November", "December"};
	uint32_t month = yyyymmdd / 100 % 100;

	if (month >= 1 && month <= CP_COUNT(months))
		(void)snprintf(out, WORDS_DATE_BYTES, "%u %s %u", (unsigned)(yyyymmdd % 100),
		    months[month - 1], (unsigned)(yyyymmdd / 10000));
	else
		(void)snprintf(out, WORDS_DATE_BYTES, "%u", (unsigned)yyyymmdd);
	return out;
}

/* ALERT_RAISED: "raised" */
static const char *lower_name(
    const ProtobufCEnumDescriptor *type, int number, const char *prefix, char out[WORDS_KIND_BYTES])
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);
	size_t skip = strlen(prefix), len = 0;

	if (!value || strncmp(value->name, prefix, skip) != 0)
		return NULL;
	for (const char *at = value->name + skip; *at && len < WORDS_KIND_BYTES - 1; at++)
		out[len++] = (char)tolower((unsigned char)*at);
	out[len] = '\0';
	return out;
}

const char *words_kind(Carepace__V1__ReportKind kind, char out[WORDS_KIND_BYTES])
{
	return lower_name(&carepace__v1__report_kind__descriptor, (int)kind, "REPORT_", out);
}

/* ", 20 days, limit 28"; a count of 1 where none is allowed says nothing more */
static void measured(const Carepace__V1__Alert *alert, char *out, size_t out_bytes)
{
	char unit[WORDS_KIND_BYTES];

	out[0] = '\0';
	if (alert->has_unit && alert->unit > CAREPACE__V1__UNIT__UNIT_COUNT &&
	    lower_name(&carepace__v1__unit__descriptor, (int)alert->unit, "UNIT_", unit))
		(void)snprintf(out, out_bytes, ", %" PRId64 " %s, limit %" PRId64, alert->value,
		    unit, alert->limit);
}

const char *words_report(const Carepace__V1__Report *report, char out[WORDS_REPORT_BYTES])
{
	char kind[WORDS_KIND_BYTES], state[WORDS_KIND_BYTES], value[96];

	if (!words_kind(report->kind, kind))
		(void)snprintf(kind, sizeof(kind), "kind %d", (int)report->kind);
	if (report->body_case == CAREPACE__V1__REPORT__BODY_GONE) {
		(void)snprintf(out, WORDS_REPORT_BYTES, "%s %.16s: %" PRIu64 " to %" PRIu64, kind,
		    report->key, report->gone->n,
		    report->gone->has_last_n ? report->gone->last_n : report->gone->n);
		return out;
	}
	if (report->body_case != CAREPACE__V1__REPORT__BODY_ALERT) {
		(void)snprintf(out, WORDS_REPORT_BYTES, "%s %.8s, revision %" PRIu64, kind,
		    report->key, report->revision);
		return out;
	}
	const Carepace__V1__Alert *alert = report->alert;
	const ProtobufCEnumValue *severity = protobuf_c_enum_descriptor_get_value(
	    &carepace__v1__severity__descriptor, (int)alert->severity);

	measured(alert, value, sizeof(value));
	if (!lower_name(&carepace__v1__alert_state__descriptor, (int)alert->state, "ALERT_", state))
		(void)snprintf(state, sizeof(state), "in an unknown state");
	(void)snprintf(out, WORDS_REPORT_BYTES, "%s %.8s %s: %s, %s%s", kind, report->key, state,
	    words_check(alert->check), severity ? severity->name : "?", value);
	return out;
}
