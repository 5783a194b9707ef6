#include "words.h"

#include "base/err.h"

#include <stdio.h>

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
