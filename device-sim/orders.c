#include "orders.h"

#include "clock.h"
#include "message.h"
#include "pki/file.h"
#include "report.pb-c.h"
#include "wire/pack.h"

#include <inttypes.h>
#include <stdio.h>

#define COURSE_SESSIONS 4 /* most of band MILD: domain.md 2.2 */
#define KNOWN_BEFORE_MS (7 * MS_PER_DAY)
#define KNOWN_SINCE_DAYS 100 /* before the oldest session of any device */
#define SERVICED_DAYS_AGO 20 /* domain.md 3: an inspection is good for 31 days */
#define OVERDUE_DAYS_AGO 400 /* and preventive maintenance for 365 */
#define ALL_SKIN_TYPES 0x7e
#define FLAGS_MAX 64
#define ORDER_MAX_BYTES 1024

/* What is the same for all orders of one call; the first error stops the rest. */
struct desk {
	const struct plan *plan;
	const char *site;
	const char *dir;
	wall_ms now;
	uint32_t n;
	enum cp_err err;
	struct pki_error *error;
};

static ProtobufCBinaryData bytes_of(const struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)id->b};
}

static uint32_t date_of(const struct desk *desk, int days)
{
	return clock_date(desk->now + days * MS_PER_DAY);
}

static event_ms long_ago(const struct desk *desk)
{
	return desk->now - KNOWN_SINCE_DAYS * MS_PER_DAY;
}

/* A booking's, a bill's, a course's number; past, it is longer than those of the plan. */
static uint64_t number_of(const struct visit *visit)
{
	uint64_t number;

	memcpy(&number, visit->sid.b, sizeof(number));
	return 1000000000 + number % 9000000000;
}

/* --- writing -------------------------------------------------------------------------- */

/* Hundreds of them, without waiting for the disk: a simulation that loses power starts anew. */
static enum cp_err write_order(
    const char *dir, uint32_t n, struct slice bytes, struct pki_error *error)
{
	char name[32], path[PATH_MAX];

	(void)snprintf(name, sizeof(name), "%05" PRIu32 ".order", n);
	enum cp_err err = file_join(path, dir, name, error);
	if (err)
		return err;
	FILE *file = fopen(path, "wb");
	if (!file)
		return pki_fail(error, CP_IO, "cannot write %s: %m", path);
	size_t written = fwrite(bytes.p, 1, bytes.len, file);
	bool is_closed = fclose(file) == 0;

	return written == bytes.len && is_closed
	           ? CP_OK
	           : pki_fail(error, CP_IO, "cannot write %s: %m", path);
}

/* The key: what it is about. */
static void issue(struct desk *desk, Carepace__V1__Order__BodyCase body_case,
    const ProtobufCMessage *body, event_ms since, uint64_t about)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(order.base.descriptor, body_case);
	char key[64];
	struct buf bytes;

	if (desk->err)
		return;
	CP_CHECK(snprintf(key, sizeof(key), "%s/%" PRIu64, field->name, about) < (int)sizeof(key));
	order.hq_epoch = (uint32_t)(desk->now / MS_PER_SECOND);
	order.n = ++desk->n;
	order.ts_ms = since;
	order.key = key;
	order.revision = 1;
	order.body_case = body_case;
	*(const ProtobufCMessage **)((uint8_t *)&order + field->offset) = body;
	buf_init(&bytes, ORDER_MAX_BYTES);
	CP_CHECK(wire_pack_to(&bytes, &order.base) == CP_OK);
	desk->err = write_order(desk->dir, desk->n, buf_bytes(&bytes), desk->error);
	buf_deinit(&bytes);
}

#define ISSUE(desk, NAME, body, since, about)                                                      \
	issue(desk, CAREPACE__V1__ORDER__BODY_##NAME, &(body).base, since, about)

/* --- the clinic ----------------------------------------------------------------------- */

static void say_clinic(struct desk *desk)
{
	Carepace__V1__SiteTime time = CAREPACE__V1__SITE_TIME__INIT;
	Carepace__V1__ClinicRole role = CAREPACE__V1__CLINIC_ROLE__INIT;
	Carepace__V1__Calendar calendar = CAREPACE__V1__CALENDAR__INIT;
	Carepace__V1__OpeningHours hours[7];
	Carepace__V1__OpeningHours *week[7];

	time.hq_ts_ms = desk->now;
	ISSUE(desk, SITE_TIME, time, desk->now, 1);
	role.mdr_role = CAREPACE__V1__MDR_ROLE__MDR_VOLUNTARY;
	ISSUE(desk, CLINIC_ROLE, role, long_ago(desk), 1);
	for (uint32_t i = 0; i < CP_COUNT(week); i++) { /* whenever it is tried */
		hours[i] = (Carepace__V1__OpeningHours)CAREPACE__V1__OPENING_HOURS__INIT;
		hours[i].weekday = i + 1;
		hours[i].close_min = 24 * 60;
		week[i] = &hours[i];
	}
	calendar.n_opening = CP_COUNT(week);
	calendar.opening = week;
	ISSUE(desk, CALENDAR, calendar, long_ago(desk), 1);
}

static void say_model(struct desk *desk, enum pki_kind kind)
{
	Carepace__V1__ModelProfile profile = CAREPACE__V1__MODEL_PROFILE__INIT;
	Carepace__V1__EnergyLimit limit = CAREPACE__V1__ENERGY_LIMIT__INIT;
	Carepace__V1__EnergyLimit *limits[] = {&limit};
	const struct model *model = message_model(kind);
	char *carts[] = {MESSAGE_GTIN};

	profile.model = model->number;
	profile.kind = (Carepace__V1__DeviceKind)kind;
	profile.has_pins = profile.has_max_depth_um = profile.has_skin_types = true;
	profile.pins = model->pins;
	profile.max_depth_um = model->max_depth_um;
	profile.skin_types = ALL_SKIN_TYPES;
	profile.n_cart_gtin = CP_COUNT(carts);
	profile.cart_gtin = carts;
	if (kind == PKI_RF) {
		profile.has_freq_khz = profile.has_min_stack_gap_ms = true;
		profile.freq_khz = MESSAGE_FREQ_KHZ;
		profile.has_min_impedance_ohm = profile.has_max_impedance_ohm = true;
		profile.min_impedance_ohm = 100;
		profile.max_impedance_ohm = 1000;
		limit.has_max_energy_uj = limit.has_max_power_mw = limit.has_max_pulse_us = true;
		limit.max_energy_uj = 2 * model->energy_uj;
		limit.max_power_mw = 2 * model->power_mw;
		limit.max_pulse_us = 2 * model->pulse_us;
		profile.n_energy_limit = CP_COUNT(limits);
		profile.energy_limit = limits;
	} else {
		profile.has_rate_dhz = true;
		profile.rate_dhz = model->rate_dhz;
	}
	ISSUE(desk, MODEL_PROFILE, profile, long_ago(desk), model->number);
}

static void say_operator(struct desk *desk, size_t n)
{
	Carepace__V1__Cert cert = CAREPACE__V1__CERT__INIT;
	struct id token = plan_operator(desk->plan, n);
	uint32_t models[PKI_RF];
	bool has_run_out = n == PLAN_OPERATORS - 1;

	for (enum pki_kind kind = PKI_PEN; kind <= PKI_RF; kind++)
		models[kind - PKI_PEN] = message_model(kind)->number;
	cert.operator_token = bytes_of(&token);
	cert.n_model = CP_COUNT(models);
	cert.model = models;
	cert.valid_through_date = date_of(desk, has_run_out ? -2 : 400);
	cert.has_rf_allowed = cert.rf_allowed = true;
	/* A good one has been since long ago; of the other, nothing was heard in time. */
	ISSUE(desk, CERT, cert, has_run_out ? desk->now : long_ago(desk), n);
}

static void say_device(struct desk *desk, size_t n, const struct registry_entry *entry)
{
	Carepace__V1__Device device = CAREPACE__V1__DEVICE__INIT;

	device.device = bytes_of(&entry->device);
	device.has_model = true;
	device.model = message_model(entry->kind)->number;
	device.site = (char *)desk->site;
	device.has_in_service_date = device.has_last_pm_date = true;
	device.in_service_date = date_of(desk, -OVERDUE_DAYS_AGO);
	device.last_pm_date = date_of(desk, n == 0 ? -OVERDUE_DAYS_AGO : -SERVICED_DAYS_AGO);
	device.has_last_calibration_date = device.has_last_elec_safety_date = true;
	device.last_calibration_date = date_of(desk, -SERVICED_DAYS_AGO);
	device.last_elec_safety_date = date_of(desk, -SERVICED_DAYS_AGO);
	device.has_last_inspection_date = true;
	device.last_inspection_date = date_of(desk, -SERVICED_DAYS_AGO);
	ISSUE(desk, DEVICE, device, long_ago(desk), n);
}

/* --- a client and a visit --------------------------------------------------------------- */

static void say_plan(struct desk *desk, const struct visit *visit, event_ms since)
{
	Carepace__V1__Plan plan = CAREPACE__V1__PLAN__INIT;

	plan.course = visit->course ? visit->course : number_of(visit);
	plan.client_token = bytes_of(&visit->client);
	plan.band = CAREPACE__V1__BAND__BAND_MILD;
	plan.has_planned = true;
	plan.planned = COURSE_SESSIONS;
	plan.has_zones = true;
	plan.zones = 1u << visit->zone;
	plan.state = CAREPACE__V1__PLAN_STATE__PLAN_ACTIVE;
	ISSUE(desk, PLAN, plan, since, plan.course);
}

/* Nothing speaks against it. */
static void say_flags(struct desk *desk, const struct visit *visit, event_ms since)
{
	const ProtobufCEnumDescriptor *codes = &carepace__v1__flag__descriptor;
	Carepace__V1__ClientFlags flags = CAREPACE__V1__CLIENT_FLAGS__INIT;
	Carepace__V1__FlagEntry entry[FLAGS_MAX];
	Carepace__V1__FlagEntry *list[FLAGS_MAX];

	for (unsigned i = 0; i < codes->n_values; i++) {
		if (codes->values[i].value == CAREPACE__V1__FLAG__FLAG_UNSPECIFIED)
			continue;
		CP_CHECK(flags.n_flag < FLAGS_MAX);
		entry[i] = (Carepace__V1__FlagEntry)CAREPACE__V1__FLAG_ENTRY__INIT;
		entry[i].flag = (Carepace__V1__Flag)codes->values[i].value;
		entry[i].value = CAREPACE__V1__FLAG_VALUE__FLAG_NO;
		list[flags.n_flag++] = &entry[i];
	}
	flags.client_token = bytes_of(&visit->client);
	flags.flag = list;
	flags.has_age_ok_18 = flags.age_ok_18 = true;
	flags.has_age_ok_22 = flags.age_ok_22 = true;
	flags.has_fitzpatrick = true;
	flags.fitzpatrick = 3;
	ISSUE(desk, CLIENT_FLAGS, flags, since, number_of(visit));
}

static void say_booking(struct desk *desk, const struct visit *visit, event_ms since)
{
	Carepace__V1__Booking booking = CAREPACE__V1__BOOKING__INIT;

	booking.booking = number_of(visit);
	booking.client_token = bytes_of(&visit->client);
	booking.site = (char *)desk->site;
	booking.start_ts_ms = desk->now + visit->start_ms;
	booking.has_zones = true;
	booking.zones = 1u << visit->zone;
	booking.state = CAREPACE__V1__BOOKING_STATE__BOOKING_BOOKED;
	ISSUE(desk, BOOKING, booking, since, booking.booking);
}

/* Told at once, and due today: until its session has come in, nothing was used. */
static void say_bill(struct desk *desk, const struct visit *visit)
{
	Carepace__V1__BillingLine line = CAREPACE__V1__BILLING_LINE__INIT;

	line.line = number_of(visit);
	line.site = (char *)desk->site;
	line.local_date = date_of(desk, 0);
	line.gtin = MESSAGE_GTIN;
	line.serial = (char *)visit->cart.serial;
	ISSUE(desk, BILLING_LINE, line, desk->now + visit->start_ms + MS_PER_HOUR, line.line);
}

static void say_visit(struct desk *desk, const struct visit *visit, event_ms since)
{
	say_plan(desk, visit, since);
	say_flags(desk, visit, since);
	say_booking(desk, visit, since);
}

static void say_pasts(struct desk *desk, size_t device)
{
	struct past past[PLAN_PAST_MAX];
	size_t count = plan_past(desk->plan, device, past);

	for (size_t i = 0; i < count; i++) {
		const struct visit *visit = &past[i].visit;
		say_visit(desk, visit, desk->now + visit->start_ms - KNOWN_BEFORE_MS);
		say_bill(desk, visit);
	}
}

static void say_today(struct desk *desk)
{
	struct visit visit;

	for (size_t n = 0; n < PLAN_BOOKED_MAX; n++)
		for (size_t device = 0; device < desk->plan->device_count; device++) {
			if (!plan_visit(desk->plan, device, n, &visit))
				continue;
			if (visit.course) /* with the past */
				say_booking(desk, &visit, desk->now - MS_PER_DAY);
			else
				say_visit(desk, &visit, desk->now - MS_PER_DAY);
		}
}

enum cp_err orders_write(const struct plan *plan, const struct registry_entry *const *devices,
    const char *site, wall_ms now, const char *dir, struct pki_error *error)
{
	struct desk desk = {
	    .plan = plan,
	    .site = site,
	    .dir = dir,
	    .now = now,
	    .err = file_make_dir(dir, error),
	    .error = error,
	};

	say_clinic(&desk);
	for (enum pki_kind kind = PKI_PEN; kind <= PKI_RF; kind++)
		say_model(&desk, kind);
	for (size_t i = 0; i < PLAN_OPERATORS; i++)
		say_operator(&desk, i);
	for (size_t i = 0; i < plan->device_count; i++)
		say_device(&desk, i, devices[i]);
	for (size_t i = 0; i < plan->device_count; i++)
		say_pasts(&desk, i);
	say_today(&desk);
	return desk.err;
}
