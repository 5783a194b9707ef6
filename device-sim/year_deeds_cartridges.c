/* year_deeds_cartridges.c - what goes on the device, and who pays for it (domain.md 8.4). */
#include "year_books.h"
#include "year_course.h"
#include "year_deeds.h"

#include <inttypes.h>

#define CHECK(NAME) CAREPACE__V1__CHECK__##NAME
#define IS(NAME) CAREPACE__V1__SEVERITY__##NAME

#define RECALLED_MIN (7 * 60) /* of the day */
#define UNBILLED_DAYS 2
#define BILLED_DAYS 5 /* after the session, when somebody notices */

static bool is_rf(const struct clinic *clinic, const struct visit *visit)
{
	return clinic->units[visit->unit].kind == CAREPACE__V1__DEVICE_KIND__DEVICE_RF;
}

/* About a cartridge on the device, since it was attached. */
static struct expected on_device(struct clinic *clinic, const struct visit *visit,
    Carepace__V1__Check check, Carepace__V1__Severity severity)
{
	struct expected finding = visit_finding(visit, check, severity);
	const struct year_cart *cart = &visit->cart;

	finding.onset =
	    tape_text(&clinic->tape, "%s/%s#0", cart->gtin, cart->serial ? cart->serial : "");
	finding.from = WHEN(visit->attached);
	return finding;
}

static void expect_on_device(struct clinic *clinic, struct visit *visit, Carepace__V1__Check check,
    Carepace__V1__Severity severity, enum answer answer)
{
	struct expected finding = on_device(clinic, visit, check, severity);

	finding.until = WHEN(visit->detached);
	if (check == CHECK(CART_UNKNOWN)) /* nobody says what it was */
		deed_leave_open(&finding, visit);
	if (check == CHECK(CART_EXPIRED)) {
		finding.value = clinic_date(clinic, visit->day);
		finding.limit = visit->cart.expiry_yyyymmdd;
	}
	expect(&clinic->all, &finding);
	visit_weigh(visit, answer);
}

/* --- used before ---------------------------------------------------------------------------------
 */

/* The one that lies there from the client before, who has nothing to do with this one. */
static bool has_leftover(const struct visit *visit)
{
	const struct visit *before = visit->before;

	return before && before->day == visit->day && !before->deed && before->ended &&
	       before->course->client != visit->course->client;
}

static void take_leftover(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	if (!has_leftover(visit)) {
		visit->deed = NULL;
		return;
	}
	visit->cart = visit->before->cart;
	visit->cart.tip_used = visit->before->pulses;
	visit->manners.is_billed = false;
}

static void expect_reuse(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = on_device(clinic, visit, CHECK(CART_REUSE), IS(CRITICAL));

	finding.value = 1;
	finding.until = WHEN(visit->detached);
	finding.state = "RAISED";
	expect(&clinic->all, &finding);
	visit_weigh(visit, ANSWER_DENY);
}

/* A copy of a tip: its counter begins anew. */
static void take_clone(struct clinic *clinic, struct visit *visit)
{
	take_leftover(clinic, visit);
	visit->cart.tip_used = 0;
}

static void expect_clone(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(COUNTER_ROLLBACK), IS(HIGH));

	finding.subject = visit_cart_name(clinic, &visit->cart);
	finding.onset_said = visit->attached;
	finding.from = finding.until = WHEN(visit->attached);
	finding.limit = visit->before->pulses;
	finding.state = "RAISED";
	expect(&clinic->all, &finding);
	expect_reuse(clinic, visit);
}

/* Put on, refused, and replaced before any needle touched the skin. */
static void return_leftover(struct clinic *clinic, struct visit *visit)
{
	if (!has_leftover(visit)) {
		visit->deed = NULL;
		return;
	}
	struct year_cart *cart = tape_alloc(&clinic->tape, sizeof(*cart));
	*cart = visit->before->cart;
	cart->tip_used = visit->before->pulses;
	visit->manners.returned = cart;
}

static void expect_returned(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(CART_REUSE), IS(CRITICAL));
	const struct year_cart *cart = visit->manners.returned;

	finding.onset = tape_text(&clinic->tape, "%s/%s#0", cart->gtin, cart->serial);
	finding.value = 1;
	finding.from = AFTER(visit->started, VISIT_RETURNED_ON_MS);
	finding.until = AFTER(visit->started, VISIT_RETURNED_OFF_MS);
	finding.raised_ms = visit->start + VISIT_RETURNED_ON_MS;
	expect(&clinic->all, &finding);
}

/* --- what is wrong with it
 * ------------------------------------------------------------------------ */

static void take_expired(struct clinic *clinic, struct visit *visit)
{
	visit->cart.expiry_yyyymmdd = clinic_date(clinic, visit->day - 1);
}

static void expect_cart_expired(struct clinic *clinic, struct visit *visit)
{
	expect_on_device(clinic, visit, CHECK(CART_EXPIRED), IS(HIGH), ANSWER_REQUIRE_OVERRIDE);
}

static void take_recalled(struct clinic *clinic, struct visit *visit)
{
	struct tape *tape = &clinic->tape;
	uint64_t number = clinic_number(clinic);
	Carepace__V1__RecallLot *recall =
	    ORDER(tape, clinic_moment(clinic, visit->day, RECALLED_MIN),
	        tape_text(tape, "recall/%" PRIu64, number), RECALL_LOTS);

	visit->cart.lot = tape_text(tape, "R%" PRIu64, number);
	recall->gtin = (char *)visit->cart.gtin;
	recall->lot = (char *)visit->cart.lot;
}

static void expect_recalled(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = on_device(clinic, visit, CHECK(CART_RECALLED), IS(CRITICAL));

	finding.onset = tape_text(&clinic->tape, "%s@%s", finding.onset, visit->cart.lot);
	finding.until = WHEN(visit->detached);
	expect(&clinic->all, &finding);
	visit_weigh(visit, ANSWER_DENY);
}

static void take_unreadable(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->cart.serial = NULL;
}

static void expect_unreadable(struct clinic *clinic, struct visit *visit)
{
	expect_on_device(clinic, visit, CHECK(CART_UNKNOWN), IS(MEDIUM), ANSWER_ADVISE);
}

static void take_foreign(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->cart.gtin = BOOKS_GTIN_FOREIGN;
}

static void expect_foreign(struct clinic *clinic, struct visit *visit)
{
	expect_on_device(
	    clinic, visit, CHECK(CART_INCOMPATIBLE), IS(HIGH), ANSWER_REQUIRE_OVERRIDE);
}

/* --- bills
 * ---------------------------------------------------------------------------------------- */

static Carepace__V1__BillingLine *bill(
    struct clinic *clinic, int day, int told_day, const struct year_cart *cart, uint64_t line)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__BillingLine *bill = ORDER(tape, clinic_moment(clinic, told_day, 10 * 60),
	    tape_text(tape, "bill/%" PRIu64, line), BILLING_LINE);

	bill->line = line;
	bill->local_date = clinic_date(clinic, day);
	bill->gtin = (char *)cart->gtin;
	bill->serial = (char *)cart->serial;
	return bill;
}

static void forget_bill(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.is_billed = false;
}

static void expect_unbilled(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(CONSUMABLE_UNBILLED), IS(LOW));

	finding.subject = visit_cart_name(clinic, &visit->cart);
	finding.onset = visit->name;
	finding.raised_ms = clinic_six(clinic, visit->day + UNBILLED_DAYS);
	finding.from = AT(finding.raised_ms);
	finding.value = finding.limit = UNBILLED_DAYS;
	if (dice_permille(&clinic->dice, 500)) {
		bill(clinic, visit->day, visit->day + BILLED_DAYS, &visit->cart,
		    clinic_number(clinic));
		finding.until = WHEN(clinic->tape.last);
	}
	expect(&clinic->all, &finding);
}

/* A second cartridge goes onto the bill, and stays in its box. */
static void expect_unused(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(BILLED_UNUSED), IS(LOW));
	struct year_cart cart = visit_new_cart(clinic, visit->day);
	uint64_t line = clinic_number(clinic);

	bill(clinic, visit->day, visit->day + 1, &cart, line);
	finding.subject = visit_cart_name(clinic, &cart);
	finding.onset = tape_text(&clinic->tape, "%" PRIu64, line);
	finding.raised_ms = clinic_six(clinic, visit->day + UNBILLED_DAYS);
	finding.from = AT(finding.raised_ms);
	finding.value = finding.limit = UNBILLED_DAYS;
	if (dice_permille(&clinic->dice, 500)) {
		Carepace__V1__BillingLine *credit =
		    bill(clinic, visit->day, visit->day + BILLED_DAYS, &cart, line);
		credit->has_credit = credit->credit = true;
		finding.until = WHEN(clinic->tape.last);
	}
	expect(&clinic->all, &finding);
}

static const struct deed cartridges[] = {
    {"cartridge re-user", NULL, NULL, take_leftover, expect_reuse},
    {"cloner", is_rf, NULL, take_clone, expect_clone},
    {"cartridge re-user who listens", NULL, NULL, return_leftover, expect_returned},
    {"therapist who reads no dates", NULL, take_expired, NULL, expect_cart_expired},
    {"therapist who reads no recalls", NULL, take_recalled, NULL, expect_recalled},
    {"smudged label", NULL, take_unreadable, NULL, expect_unreadable},
    {"bargain cartridge", NULL, take_foreign, NULL, expect_foreign},
    {"forgetful clerk", NULL, forget_bill, NULL, expect_unbilled},
    {"generous clerk", NULL, NULL, NULL, expect_unused},
};

const struct deeds deeds_of_cartridges = {cartridges, sizeof(cartridges) / sizeof(cartridges[0])};
