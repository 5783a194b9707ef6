/* consumables.c - domain 8.4. What needs the history of a cartridge is judged in
 * judge/cartridge.c, what an attach itself tells in judge/session_carts.c. */
#include "care/catalogue.h"

static const struct check_row rows[] = {
    {
        .check = CHECK_CART_REUSE,
        .name = "CART_REUSE",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_ACK,
        .who = WHO_OPERATOR | WHO_CLINICIAN | WHO_HEAD_OFFICE,
        .unit = IN_COUNT,
        .condition =
            "a single-use cartridge [A] is attached that was used in an earlier visit; for "
            "another or an unknown client CRITICAL, for the same client HIGH",
        .cleared_by = "another cartridge before any exposure, or an acknowledgement afterwards",
        .sentence = {"Cartridge {cart} is single-use and was used before, on another or an "
                     "unknown client. Replace it with a new one before treating.",
            [SEVERITY_HIGH] = "Cartridge {cart} is single-use and was used on this client in an "
                              "earlier visit. Replace it with a new one before treating."},
    },
    {
        .check = CHECK_CART_EXPIRED,
        .name = "CART_EXPIRED",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR,
        .unit = IN_DATE,
        .condition = "the session's date is after the cartridge's expiry [A: shelf life]; the "
                     "expiry day itself is fine",
        .cleared_by = "another cartridge in its slot, or an acknowledgement once the session is "
                      "over",
        .sentence = {"Cartridge {cart} expired on {limit}. Replace it with one that is in date."},
    },
    {
        .check = CHECK_CART_RECALLED,
        .name = "CART_RECALLED",
        .about = ABOUT_SESSION,
        .when = WHEN_START | WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR | WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition = "the cartridge's lot is on the list of recalled lots, or comes onto it while "
                     "the cartridge is in use",
        .cleared_by = "another cartridge in its slot, the end of the recall, or an "
                      "acknowledgement once the session is over",
        .sentence = {"Cartridge {cart} belongs to a lot that was recalled. Stop using it and "
                     "set the lot aside."},
    },
    {
        .check = CHECK_CART_UNKNOWN,
        .name = "CART_UNKNOWN",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR | WHO_MANAGER,
        .unit = IN_NOTHING,
        .condition = "the cartridge's product, serial or expiry is missing or cannot be read, or "
                     "it is not in the clinic's stock list where there is one [E]",
        .cleared_by = "a cartridge in its slot that is known, its entry in the stock list, or an "
                      "acknowledgement once the session is over",
        .sentence = {"The cartridge in slot {slot} cannot be identified: its code was not read in "
                     "full, or it is not in the stock list. Read it again or take another."},
    },
    {
        .check = CHECK_CART_INCOMPATIBLE,
        .name = "CART_INCOMPATIBLE",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR,
        .unit = IN_NOTHING,
        .condition = "the cartridge's product is not among those that the device's model profile "
                     "allows, or its number of needles is not the profile's",
        .cleared_by = "another cartridge in its slot, or an acknowledgement once the session is "
                      "over",
        .sentence = {"Cartridge {cart} is not made for this device. Replace it with one that "
                     "fits."},
    },
    {
        .check = CHECK_TIP_PULSES_LOW,
        .name = "TIP_PULSES_LOW",
        .about = ABOUT_CARTRIDGE,
        .when = WHEN_DURING,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR,
        .unit = IN_COUNT,
        .condition = "the pulses of a tip reach 90 % [E] of its limit, which its attach or else "
                     "the model profile tells",
        .cleared_by = "another tip in its slot, or an acknowledgement once the session is over",
        .sentence = {"Tip {subject} has given {value} of {limit} pulses. Have a new one at hand."},
    },
    {
        .check = CHECK_TIP_EXHAUSTED,
        .name = "TIP_EXHAUSTED",
        .about = ABOUT_CARTRIDGE,
        .when = WHEN_DURING,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR,
        .unit = IN_COUNT,
        .condition = "a tip has given more pulses than its limit, which its attach or else the "
                     "model profile tells; the last one allowed is fine",
        .cleared_by = "another tip in its slot, or an acknowledgement once the session is over",
        .sentence =
            {"Tip {subject} has given {value} pulses; {limit} are allowed. Replace it now."},
    },
    {
        .check = CHECK_COUNTER_ROLLBACK,
        .name = "COUNTER_ROLLBACK",
        .about = ABOUT_DEVICE,
        .when = WHEN_START,
        .clears = CLEARS_BY_ACK,
        .who = WHO_HEAD_OFFICE | WHO_SERVICE,
        .unit = IN_COUNT,
        .condition = "the pulse counter of a device or tip [E] shows less than before",
        .cleared_by = "an acknowledgement",
        .sentence = {"The counter of pulses shows {value}, but showed {limit} before. Please have "
                     "the device or tip looked at."},
    },
    {
        .check = CHECK_ROLLER_LIFE,
        .name = "ROLLER_LIFE",
        .about = ABOUT_ROLLER,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR | WHO_CLIENT,
        .unit = IN_COUNT,
        .condition = "in the clinic a roller of 0.5 mm or more is used in a second visit [B] "
                     "(HIGH); at home a roller is used more than 15 times [E] (LOW)",
        .cleared_by = "another roller, or an acknowledgement once the session is over",
        .sentence = {"The roller {subject} was used {value} times and is worn out after {limit}. "
                     "Take a new one.",
            [SEVERITY_HIGH] = "The roller {subject} is single-use and was used in an earlier "
                              "visit. Replace it with a new one before treating."},
    },
    {
        .check = CHECK_CONSUMABLE_UNBILLED,
        .name = "CONSUMABLE_UNBILLED",
        .about = ABOUT_CARTRIDGE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_DAYS,
        .condition = "two civil days after a cartridge was used there is no billing line for its "
                     "serial [E]",
        .cleared_by = "a billing line for its serial",
        .sentence = {"Cartridge {subject} was used {value} ago and is not billed yet."},
    },
    {
        .check = CHECK_BILLED_UNUSED,
        .name = "BILLED_UNUSED",
        .about = ABOUT_CARTRIDGE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_DAYS,
        .condition = "two civil days after the day of a billing line its cartridge was not used "
                     "anywhere [E]",
        .cleared_by = "its use, or a credit for the line",
        .sentence = {"Cartridge {subject} was billed {value} ago (line {onset}) and nobody has "
                     "used it."},
    },
};

const struct check_section checks_consumables = {"Consumables", rows, CP_COUNT(rows)};
