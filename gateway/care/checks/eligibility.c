/* eligibility.c - domain 8.2: may this client be treated? Judged in
 * judge/session_eligibility.c. */
#include "care/catalogue.h"

static const struct check_row rows[] = {
    {
        .check = CHECK_CONTRA_ABSOLUTE,
        .name = "CONTRA_ABSOLUTE",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_NOTHING,
        .condition =
            "the client has a flag that forbids treatment (2.4 [A/B]: pregnant or nursing; "
            "infection, open wound, herpes, skin cancer, sunburn where it is treated)",
        .cleared_by =
            "head office's word that the flag is no, or an acknowledgement after the session",
        .sentence = {"The client must not be treated now: {what}."},
    },
    {
        .check = CHECK_CONTRA_RELATIVE,
        .name = "CONTRA_RELATIVE",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_NOTHING,
        .condition = "the client has a flag that only a clinician may pass over (2.4 [A/B]: skin "
                     "disease where it is treated, scarring, bleeding, medication, immune system, "
                     "allergy; metal implant under RF)",
        .cleared_by = "an override, or an acknowledgement after the session",
        .sentence = {"A clinician must decide before the client is treated: {what}."},
    },
    {
        .check = CHECK_CONTRA_RF_IMPLANT,
        .name = "CONTRA_RF_IMPLANT",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_NOTHING,
        .condition = "radiofrequency on a client with a pacemaker, defibrillator or other active "
                     "implant [A] (CRITICAL), or who may have one (HIGH)",
        .cleared_by =
            "head office's word that there is none, or an acknowledgement after the session",
        .sentence = {"Is there a pacemaker or another active implant? Ask before radiofrequency.",
            [SEVERITY_CRITICAL] =
                "The client has a pacemaker or another active implant: no radiofrequency."},
    },
    {
        .check = CHECK_CONTRA_ADVISE,
        .name = "CONTRA_ADVISE",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR,
        .unit = IN_NOTHING,
        .condition =
            "the client has a flag that needs care (2.4 [A]: tattoo or make-up where it is "
            "treated, lips, eyebrows or hair under RF; herpes in the past without prophylaxis)",
        .cleared_by =
            "head office's word that the flag is no, or an acknowledgement after the session",
        .sentence = {"Take care, the client has: {what}."},
    },
    {
        .check = CHECK_WASHOUT_ISOTRETINOIN,
        .name = "WASHOUT_ISOTRETINOIN",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_DATE,
        .condition = "less than 6 calendar months [A] since the client's last isotretinoin",
        .cleared_by =
            "another date of the last dose, an override, or an acknowledgement after the session",
        .sentence = {"The wait after isotretinoin lasts until {limit}. A clinician must decide."},
    },
    {
        .check = CHECK_WASHOUT_OTHER,
        .name = "WASHOUT_OTHER",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_DAYS,
        .condition = "too soon after another treatment or product (2.5: botulinum toxin, filler 14 "
                     "days [B], superficial peel, non-ablative laser, other RF 21 [A], ablative "
                     "laser 84 [A], deep peel, dermabrasion 90 [A], facial surgery 365 [A], sun 14 "
                     "[A], retinoid or acid on the skin 24 h [B])",
        .cleared_by = "another date of it, or an acknowledgement after the session",
        .sentence = {"Too soon after {what}: {value}, and at least {limit} are recommended. "
                     "Earliest date: {earliest}."},
    },
    {
        .check = CHECK_AGE_LIMIT,
        .name = "AGE_LIMIT",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_NOTHING,
        .condition = "the client is younger than 22 [A] (LOW) or 18 [E] (CRITICAL), as head "
                     "office says",
        .cleared_by = "a correction by head office, or an acknowledgement after the session",
        .sentence = {"The client is younger than 22, the age that devices are cleared for.",
            [SEVERITY_CRITICAL] = "The client is younger than 18 and must not be treated."},
    },
    {
        .check = CHECK_SKIN_TYPE_LIMIT,
        .name = "SKIN_TYPE_LIMIT",
        .about = ABOUT_SESSION,
        .when = WHEN_START | WHEN_DURING,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_UJ,
        .condition =
            "the device is not cleared for the client's skin type, or not for more than the "
            "profile's energy per pin [A]: set at the start, set later, or measured in a pulse",
        .cleared_by = "a lower setting",
        .sentence = {"This device is not cleared for the client's skin type at {max} per pin; "
                     "{limit} is the most."},
    },
    {
        .check = CHECK_SCREENING_MISSING,
        .name = "SCREENING_MISSING",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR,
        .unit = IN_NOTHING,
        .condition = "the client was not asked about contraindications on the day of the session, "
                     "or did not consent [E]",
        .cleared_by =
            "a screening with consent on that day, or an acknowledgement after the session",
        .sentence = {"No screening with consent is on file for today. Please ask the client before "
                     "treating."},
    },
};

const struct check_section checks_eligibility = {"Eligibility", rows, CP_COUNT(rows)};
