/* year_traits.c - what speaks against treating a client (domain.md 2.4, 2.5, 8.2). */
#include "year_course.h"

#define CHECK(NAME) CAREPACE__V1__CHECK__##NAME
#define IS(NAME) CAREPACE__V1__SEVERITY__##NAME

#define BOTULINUM_DAYS 14
#define BOTULINUM_BEFORE 10     /* the first session */
#define ISOTRETINOIN_BEFORE 170 /* within six calendar months, however long those are */
#define ISOTRETINOIN_MONTHS 6

struct trait {
	const char *persona;
	const char *onset;
	Carepace__V1__Flag flag;   /* or */
	Carepace__V1__Agent agent; /* or: younger than 22 */
	Carepace__V1__Check check;
	Carepace__V1__Severity severity;
	enum answer answer;
};

static const struct trait traits[] = {
    {"client with keloids", "KELOID_HISTORY", CAREPACE__V1__FLAG__KELOID_HISTORY, 0,
        CHECK(CONTRA_RELATIVE), IS(HIGH), ANSWER_REQUIRE_OVERRIDE},
    {"expecting client", "PREGNANT_NURSING", CAREPACE__V1__FLAG__PREGNANT_NURSING, 0,
        CHECK(CONTRA_ABSOLUTE), IS(CRITICAL), ANSWER_DENY},
    {"client with herpes in the past", "HSV_HISTORY", CAREPACE__V1__FLAG__HSV_HISTORY, 0,
        CHECK(CONTRA_ADVISE), IS(LOW), ANSWER_ADVISE},
    {"client on botulinum", "BOTULINUM", 0, CAREPACE__V1__AGENT__AGENT_BOTULINUM,
        CHECK(WASHOUT_OTHER), IS(MEDIUM), ANSWER_ADVISE},
    {"client on isotretinoin", "ISOTRETINOIN", 0, CAREPACE__V1__AGENT__AGENT_ISOTRETINOIN,
        CHECK(WASHOUT_ISOTRETINOIN), IS(HIGH), ANSWER_REQUIRE_OVERRIDE},
    {"young client", "", 0, 0, CHECK(AGE_LIMIT), IS(LOW), ANSWER_ADVISE},
};

const struct trait *trait_choose(struct clinic *clinic)
{
	const int last = (int)(sizeof(traits) / sizeof(traits[0])) - 1;

	return &traits[dice_range(&clinic->dice, 0, last)];
}

const char *trait_persona(const struct trait *trait)
{
	return trait->persona;
}

static int days_before(const struct trait *trait)
{
	return trait->agent == CAREPACE__V1__AGENT__AGENT_BOTULINUM ? BOTULINUM_BEFORE
	                                                            : ISOTRETINOIN_BEFORE;
}

void trait_fill(
    struct clinic *clinic, const struct course *course, Carepace__V1__ClientFlags *flags)
{
	const struct trait *trait = course->client->trait;

	if (trait->agent) {
		Carepace__V1__Washout *washout =
		    tape_message(&clinic->tape, &carepace__v1__washout__descriptor);
		washout->agent = trait->agent;
		washout->has_last_date = true;
		washout->last_date =
		    clinic_date(clinic, course->visits[0]->day - days_before(trait));
		flags->n_washout = 1;
		flags->washout = tape_list(&clinic->tape, 1);
		flags->washout[0] = washout;
	} else if (trait->flag) {
		for (size_t i = 0; i < flags->n_flag; i++)
			if (flags->flag[i]->flag == trait->flag)
				flags->flag[i]->value = CAREPACE__V1__FLAG_VALUE__FLAG_YES;
	} else {
		flags->age_ok_22 = false;
	}
}

/* The same day of the month, so many months later, or that month's last (R5). */
static uint32_t months_after(uint32_t date, int months)
{
	static const uint32_t lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	uint32_t month = date / 100 % 100 - 1 + (uint32_t)months;
	uint32_t year = date / 10000 + month / 12;
	uint32_t last = lengths[month % 12];

	if (month % 12 == 1 && year % 4 == 0) /* 2025 to 2029 */
		last++;
	uint32_t day = date % 100 < last ? date % 100 : last;
	return year * 10000 + (month % 12 + 1) * 100 + day;
}

/* False: the wait was over by that session. */
static bool set_wait(struct clinic *clinic, const struct course *course, const struct visit *visit,
    struct expected *finding)
{
	const struct trait *trait = course->client->trait;
	int last = course->visits[0]->day - days_before(trait);

	if (trait->agent == CAREPACE__V1__AGENT__AGENT_BOTULINUM) {
		finding->value = visit->day - last;
		finding->limit = BOTULINUM_DAYS;
	} else {
		finding->value = clinic_date(clinic, visit->day);
		finding->limit = months_after(clinic_date(clinic, last), ISOTRETINOIN_MONTHS);
	}
	return finding->value < finding->limit;
}

/* What head office never says otherwise of stays open when the session is over. */
void trait_expect(struct clinic *clinic, const struct course *course, struct visit *visit)
{
	const struct trait *trait = course->client->trait;
	struct expected finding = visit_finding(visit, trait->check, trait->severity);

	finding.onset = trait->onset;
	finding.until = WHEN(visit->ended);
	finding.state = "RAISED";
	finding.persona = course->persona;
	if (trait->agent && !set_wait(clinic, course, visit, &finding))
		return;
	expect(&clinic->all, &finding);
	visit_weigh(visit, trait->answer);
}
