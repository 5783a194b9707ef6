/* gateway.c - domain 8.8: the gateway itself. Noticed in watch.c, judged in
 * judge/gateway.c. */
#include "care/catalogue.h"

static const struct check_row rows[] = {
    {
        .check = CHECK_GW_QUEUE,
        .name = "GW_QUEUE",
        .about = ABOUT_GATEWAY,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_COUNT,
        .is_liveness = true,
        .condition = "more than 10,000 reports wait for head office, or the oldest has waited for "
                     "more than 15 minutes [E]; value and limit are then minutes",
        .cleared_by = "head office having them",
        .sentence = {"Reports for head office pile up on this box. They are safe on its disk; "
                     "please check the connection and head office's broker."},
    },
    {
        .check = CHECK_GW_DISK,
        .name = "GW_DISK",
        .about = ABOUT_GATEWAY,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_PERCENT,
        .is_liveness = true,
        .condition = "more than 90 % of the disk with the store is used [E]",
        .cleared_by = "space freed",
        .sentence = {"The disk of this box is {value} full; more than {limit} is too much. Please "
                     "free space: when it is full, devices have to wait with their data."},
    },
    {
        .check = CHECK_GW_UPSTREAM_DOWN,
        .name = "GW_UPSTREAM_DOWN",
        .about = ABOUT_GATEWAY,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_MS,
        .is_liveness = true,
        .condition = "no connection to head office for more than 5 minutes [E]",
        .cleared_by = "the connection",
        .sentence = {"This box has had no connection to head office for more than {limit}. It "
                     "works on and sends everything later; please check the network."},
    },
    {
        .check = CHECK_GW_CLOCK,
        .name = "GW_CLOCK",
        .about = ABOUT_GATEWAY,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_MS,
        .is_liveness = true,
        .condition = "the clock of this box is in doubt: it shows a time that is past for "
                     "certain, was set by more than 5 minutes, or nothing has confirmed it since "
                     "the box started (a time server, head office, or three devices that agree "
                     "with it within 60 s); or no time server for more than 24 hours [E]",
        .cleared_by = "a confirmation of the time; a time server",
        .sentence = {"The clock of this box is in doubt or has had no time server for a day. While "
                     "it is in doubt, waiting times and dates are not checked: please check them "
                     "by hand, and the box's connection to a time server (NTP)."},
    },
    {
        .check = CHECK_GW_CONFIG_STALE,
        .name = "GW_CONFIG_STALE",
        .about = ABOUT_GATEWAY,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_DAYS,
        .is_liveness = true,
        .condition = "nothing has come from head office for more than 7 days [E]",
        .cleared_by = "an order of head office",
        .sentence = {"Nothing has come from head office for more than {limit}: plans, flags and "
                     "bookings on this box may be out of date."},
    },
    {
        .check = CHECK_GW_PARKED,
        .name = "GW_PARKED",
        .about = ABOUT_GATEWAY,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_COUNT,
        .is_liveness = true,
        .condition = "a message could not be understood and is kept as it came [E]",
        .cleared_by = "the message understood, after an upgrade or by `carepace parked retry`",
        .sentence = {"A message could not be understood. It is kept and tried again after an "
                     "upgrade of this box; `carepace parked` lists what is kept."},
    },
    {
        .check = CHECK_GW_UNJUDGED,
        .name = "GW_UNJUDGED",
        .about = ABOUT_GATEWAY,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_COUNT,
        .is_liveness = true,
        .condition = "a reading ended the program twice and was set aside [E]",
        .cleared_by = "a version of the program that can judge it",
        .sentence = {"A reading ended the program twice and was set aside: what follows from it is "
                     "not judged. Please report this to the maker and upgrade."},
    },
    {
        .check = CHECK_GW_CRL_STALE,
        .name = "GW_CRL_STALE",
        .about = ABOUT_GATEWAY,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_HEAD_OFFICE,
        .unit = IN_DATE,
        .is_liveness = true,
        .condition = "the next update of the imported revocation list has passed [E]",
        .cleared_by = "a newer list imported by `carepace pki import-crl`",
        .sentence = {"The list of revoked certificates should have been renewed on {limit}. Please "
                     "import the new one; devices are served meanwhile."},
    },
    {
        .check = CHECK_PRIVACY_REJECT,
        .name = "PRIVACY_REJECT",
        .about = ABOUT_GATEWAY,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_ACK,
        .who = WHO_PRIVACY,
        .unit = IN_COUNT,
        .is_liveness = true,
        .condition = "messages of a device were refused because a field for codes held what could "
                     "be free text [E]; value is how many that day",
        .cleared_by = "an acknowledgement",
        .sentence = {"{value} messages were refused because a field for codes held what could be "
                     "free text (device and field: {subject}). Nothing of it was kept."},
    },
};

const struct check_section checks_gateway = {"The gateway itself", rows, CP_COUNT(rows)};
