/* days_bench.h - what head office is told of days (ledger/days/aggregates.h), number by number. */
#ifndef UNIT_DAYS_BENCH_H
#define UNIT_DAYS_BENCH_H

#include "states_bench.h"

#include "ledger/past/verify.h"

/* Sundays from midnight to midnight, Good Friday closed. */
#define ALL_WEEK                                                                                   \
	"2026-01-01 08:00 HQ tell calendar tz=Europe/Berlin opening=1:540:1080 opening=2:540:1080" \
	" opening=3:540:1080 opening=4:540:1080 opening=5:540:1080 opening=6:540:1080"             \
	" opening=7:0:1440 holiday_date=2026-04-03"

/* Of the site, or "P1" or "o1" on a date; NULL: it is not told. */
static inline const Carepace__V1__Report *find(
    const struct sent *told, const char *who, const char *date)
{
	char key[97];
	char hex[ID_HEX_LEN + 1];
	bool is_operator = who[0] == 'o';

	snprintf(key, sizeof(key), "site/%s", date);
	if (strcmp(who, "site") != 0) {
		struct id id = id_named(is_operator ? ID_OPERATOR : ID_DEVICE, who);
		id_hex(&id, hex);
		snprintf(
		    key, sizeof(key), "%s/%s/%s", is_operator ? "operator" : "device", hex, date);
	}
	for (size_t i = 0; i < told->count; i++)
		if (strcmp(told->reports[i]->key, key) == 0)
			return told->reports[i];
	return NULL;
}

/* One number of one day; -1: it is left out, -2: no such day is told. */
static inline int64_t number(
    struct clinic *clinic, const char *who, const char *date, const char *name)
{
	struct sent told = look(clinic, &in_bytes, OUTBOX_DAY);
	const Carepace__V1__Report *report = find(&told, who, date);
	int64_t value = report ? -1 : -2;

	if (report) {
		const ProtobufCMessage *day = &report->agg_day->base;
		const ProtobufCFieldDescriptor *field =
		    protobuf_c_message_descriptor_get_field_by_name(day->descriptor, name);
		assert_non_null(field);
		const uint8_t *at = (const uint8_t *)day + field->offset;
		if (wire_field_count(day, field))
			value = field->type == PROTOBUF_C_TYPE_UINT64
			            ? (int64_t) * (const uint64_t *)(const void *)at
			            : (int64_t) * (const uint32_t *)(const void *)at;
	}
	look_away(&told);
	return value;
}

#define assert_day(clinic, who, date, name, expected)                                              \
	assert_int_equal(number(clinic, who, date, name), expected)

/* Sessions are judged at 06:00, too: a little later no day waits to be composed again. */
static inline void verify(void **state)
{
	struct clinic *clinic = &bench_of(state)->clinic;
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char why[256];

	say(clinic, "+11m P1 hello");
	assert_int_equal(
	    verify_store(bench_of(state)->path, &policy, NULL, NULL, &result, why), CP_OK);
	assert_int_equal(result.differences, 0);
	assert_true(result.days > 0);
}

#endif
