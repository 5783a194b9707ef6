/* checks_consumables.c - domain 8.4. What needs the history of a cartridge is judged in
 * judge_cartridge.c, what an attach itself tells in judge_session_carts.c. */
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
};

const struct check_section checks_consumables = {"Consumables", rows, CP_COUNT(rows)};
