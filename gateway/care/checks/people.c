/* people.c - domain 8.7: people and authorisation. Judged in judge/session_people.c and
 * judge/operator.c. */
#include "care/catalogue.h"

static const struct check_row rows[] = {
    {
        .check = CHECK_OPERATOR_UNCERTIFIED,
        .name = "OPERATOR_UNCERTIFIED",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER | WHO_CLINICIAN,
        .unit = IN_NOTHING,
        .condition =
            "the operator has no certificate for this model of device, or none that allows RF [B]",
        .cleared_by = "a certificate, or an acknowledgement after the session",
        .sentence = {"The operator has no certificate for this device."},
    },
    {
        .check = CHECK_CERT_EXPIRED,
        .name = "CERT_EXPIRED",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_DATE,
        .condition = "the operator's certificate for this model was valid until a day before the "
                     "session's [E]",
        .cleared_by = "a renewed certificate, or an acknowledgement after the session",
        .sentence = {"The operator's certificate for this device was valid through {limit}."},
    },
    {
        .check = CHECK_CERT_EXPIRING,
        .name = "CERT_EXPIRING",
        .about = ABOUT_CERTIFICATE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_DATE,
        .condition = "an operator's certificate runs out within 30 days [E]",
        .cleared_by = "a renewed certificate, or its last day",
        .sentence =
            {"A certificate of this operator is valid through {limit}. Please have it renewed."},
    },
    {
        .check = CHECK_UNAUTHORISED_USE,
        .name = "UNAUTHORISED_USE",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_NOTHING,
        .condition =
            "a session without client, operator, or a booking of the client within 120 minutes [E]",
        .cleared_by = "a booking that is linked later, or an acknowledgement after the session",
        .sentence = {"This session has no client, no operator, or no booking."},
    },
    {
        .check = CHECK_OUT_OF_HOURS,
        .name = "OUT_OF_HOURS",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_ACK,
        .who = WHO_MANAGER,
        .unit = IN_NOTHING,
        .condition = "a session starts more than 30 minutes [E] before the clinic opens or after "
                     "it closes, or on a holiday",
        .cleared_by = "an acknowledgement",
        .sentence = {"This session was started outside the opening hours."},
    },
    {
        .check = CHECK_WRONG_SITE,
        .name = "WRONG_SITE",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition = "the device is assigned to another clinic",
        .cleared_by = "its assignment to this clinic, or an acknowledgement after the session",
        .sentence =
            {"This device belongs to another clinic. Head office can assign it to this one."},
    },
    {
        .check = CHECK_HOME_RF,
        .name = "HOME_RF",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_ACK,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition = "radiofrequency microneedling at home: a medical procedure, not for home use "
                     "(FDA, 15 October 2025 [A])",
        .cleared_by = "an acknowledgement",
        .sentence = {"Radiofrequency microneedling must not be done at home."},
    },
    {
        .check = CHECK_HOME_DEPTH,
        .name = "HOME_DEPTH",
        .about = ABOUT_EVENT,
        .when = WHEN_START,
        .clears = CLEARS_BY_ACK,
        .who = WHO_CLIENT,
        .unit = IN_UM,
        .condition = "a roller is used at home with needles longer than the zone takes (0.25 to "
                     "1 mm [B/C]); longer than 1 mm HIGH",
        .cleared_by = "an acknowledgement",
        .sentence = {"A roller with needles of {value} was used at home on {zones}; at most "
                     "{limit} are recommended there.",
            [SEVERITY_HIGH] = "A roller with needles of {value} was used at home on {zones}. "
                              "More than {limit} belongs in a clinic."},
    },
    {
        .check = CHECK_OPERATOR_OVERLAP,
        .name = "OPERATOR_OVERLAP",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition = "the operator is at work in another clinic at the same time [E]",
        .cleared_by = "the end of one of the sessions",
        .sentence = {"The operator of this session is at work in another clinic at the same time."},
    },
};

const struct check_section checks_people = {"People and authorisation", rows, CP_COUNT(rows)};
