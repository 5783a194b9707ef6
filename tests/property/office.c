#include "office.h"

#include "base/err.h"
#include "care/civil.h"
#include "report.pb-c.h"
#include "treatment.h"
#include "wire/pack.h"

#include <stdio.h>
#include <stdlib.h>

#define REVISIONS_MAX 4
#define KEY_BYTES 40

struct id office_operator(const struct id *sid)
{
	struct id id = {0};
	uint8_t number = sid->b[0] % OFFICE_OPERATORS;

	if (number) {
		id.b[0] = 0x0e;
		id.b[ID_BYTES - 1] = number;
	}
	return id;
}

/* --- draw ------------------------------------------------------------------------------ */

struct office {
	struct world *world;
	struct rng *rng;
	size_t input_count; /* of the treatments */
	uint32_t n;
};

static event_ms draw_moment(struct office *office)
{
	static const int64_t beside_ms[] = {0, 0, -1, 1, -MS_PER_MINUTE, MS_PER_MINUTE,
	    -2 * MS_PER_HOUR, 2 * MS_PER_HOUR, -MS_PER_DAY, -30 * MS_PER_DAY};
	const struct input *input = NULL;

	do
		input = &office->world->inputs[rng_below(office->rng, office->input_count)];
	while (input->kind != INPUT_START && rng_percent(office->rng, 95));
	return input->ts + RNG_PICK(office->rng, beside_ms);
}

static int by_time(const void *a, const void *b)
{
	event_ms x = *(const event_ms *)a;
	event_ms y = *(const event_ms *)b;

	return (x > y) - (x < y);
}

/* Revisions of one key; a later one is never older. */
static void add_order(struct office *office, int body, struct id about, unsigned number)
{
	event_ms times[REVISIONS_MAX];
	size_t count = rng_below(office->rng, REVISIONS_MAX + 1);

	for (size_t r = 0; r < count; r++)
		times[r] = draw_moment(office);
	qsort(times, count, sizeof(times[0]), by_time);
	for (size_t r = 0; r < count; r++) {
		struct input *input = world_add(office->world, INPUT_ORDER, 0, times[r]);
		input->boot = 1;
		input->seq = office->n++;
		input->revision = r + 1;
		input->body = body;
		input->number = number;
		input->client = about;
		input->draw = rng_next(office->rng);
		input->end_ts = draw_moment(office);
	}
}

static void add_screening(struct office *office, struct id client)
{
	struct input *input =
	    world_add(office->world, INPUT_SCREENING, WORLD_TABLET, draw_moment(office));

	input->client = client;
	input->draw = rng_next(office->rng);
}

static void play_client(struct office *office, struct id client, unsigned number)
{
	add_order(office, CAREPACE__V1__ORDER__BODY_CLIENT_FLAGS, client, number);
	add_order(office, CAREPACE__V1__ORDER__BODY_SESSION_SEEN, client, number);
	for (unsigned i = 0; i < 3; i++) {
		add_order(office, CAREPACE__V1__ORDER__BODY_BOOKING, client, 1 + 10 * number + i);
		add_screening(office, client);
	}
}

void office_play(
    struct world *world, struct rng *rng, const struct id *clients, size_t client_count, uint32_t n)
{
	struct office office = {.world = world, .rng = rng, .input_count = world->count, .n = n};

	for (size_t i = 0; i < client_count; i++)
		play_client(&office, clients[i], (unsigned)i);
	for (uint8_t i = 1; i < OFFICE_OPERATORS; i++) {
		struct id operator= office_operator(&(struct id){.b = {i}});
		add_order(&office, CAREPACE__V1__ORDER__BODY_CERT, operator, 2U * i);
		add_order(&office, CAREPACE__V1__ORDER__BODY_CERT, operator, 2U * i + 1);
		add_order(&office, CAREPACE__V1__ORDER__BODY_SESSION_SEEN, operator, 100U + i);
	}
	for (size_t i = 0; i < WORLD_DEVICES; i++) {
		add_order(&office, CAREPACE__V1__ORDER__BODY_DEVICE, world_device(i), (unsigned)i);
		add_order(
		    &office, CAREPACE__V1__ORDER__BODY_DEVICE_ASSIGN, world_device(i), (unsigned)i);
	}
}

/* --- bytes ------------------------------------------------------------------------------- */

static ProtobufCBinaryData bytes_of(const struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)id->b};
}

static struct slice pack(Carepace__V1__Order *order, const struct input *input, struct arena *arena)
{
	struct slice out;

	order->body_case = (Carepace__V1__Order__BodyCase)input->body;
	CP_CHECK(wire_pack(arena, &order->base, &out) == CP_OK);
	return out;
}

/* The so-many-eth choice that a drawn number makes. */
static int choice(const struct input *input, unsigned nth, unsigned of)
{
	return (int)((unsigned)(input->draw >> (8 * nth) & 0xff) % of);
}

static uint32_t date(event_ms at, int days)
{
	return civil_to_yyyymmdd((int32_t)(at / MS_PER_DAY) + days);
}

static const char *site(const struct input *input)
{
	static const char *const sites[] = {"north-1", "south-2", NULL};

	return sites[choice(input, 7, 3)];
}

static struct slice flags_bytes(
    Carepace__V1__Order *order, const struct input *input, struct arena *arena)
{
	Carepace__V1__ClientFlags flags = CAREPACE__V1__CLIENT_FLAGS__INIT;
	Carepace__V1__FlagEntry entries[CAREPACE__V1__FLAG__HSV_PROPHYLAXIS];
	Carepace__V1__FlagEntry *list[CP_COUNT(entries)];
	Carepace__V1__Washout washout = CAREPACE__V1__WASHOUT__INIT;
	Carepace__V1__Washout *washouts[] = {&washout};

	for (unsigned i = 0; i < CP_COUNT(entries); i++) {
		entries[i] = (Carepace__V1__FlagEntry)CAREPACE__V1__FLAG_ENTRY__INIT;
		entries[i].flag = (Carepace__V1__Flag)(i + 1);
		entries[i].value = CAREPACE__V1__FLAG_VALUE__FLAG_NO;
		list[i] = &entries[i];
	}
	Carepace__V1__FlagEntry *drawn = &entries[choice(input, 0, CP_COUNT(entries))];
	drawn->value = (Carepace__V1__FlagValue)(1 + choice(input, 1, 3));
	drawn->has_zones = choice(input, 2, 2);
	drawn->zones = 1U << choice(input, 3, 5);
	washout.agent = (Carepace__V1__Agent)(1 + choice(input, 4, 12));
	washout.has_last_date = washout.has_last_ts_ms = true;
	washout.last_ts_ms = input->end_ts - MS_PER_DAY;
	washout.last_date = date(input->end_ts, -choice(input, 5, 100));
	flags.client_token = bytes_of(&input->client);
	flags.n_flag = CP_COUNT(list);
	flags.flag = list;
	flags.n_washout = 1;
	flags.washout = washouts;
	flags.has_age_ok_18 = flags.has_age_ok_22 = choice(input, 6, 8);
	flags.age_ok_18 = flags.age_ok_22 = choice(input, 6, 4);
	order->client_flags = &flags;
	return pack(order, input, arena);
}

static struct slice cert_bytes(
    Carepace__V1__Order *order, const struct input *input, struct arena *arena)
{
	Carepace__V1__Cert cert = CAREPACE__V1__CERT__INIT;
	uint32_t models[] = {0, 1 + (uint32_t)choice(input, 0, 2)};

	cert.operator_token = bytes_of(&input->client);
	cert.n_model = 1 + (size_t)choice(input, 1, 2);
	cert.model = choice(input, 2, 4) ? models : models + 1;
	if (cert.model != models)
		cert.n_model = 1;
	cert.valid_through_date = date(input->end_ts, choice(input, 3, 60));
	cert.has_rf_allowed = true;
	cert.rf_allowed = choice(input, 4, 2);
	order->cert = &cert;
	return pack(order, input, arena);
}

static struct slice booking_bytes(
    Carepace__V1__Order *order, const struct input *input, struct arena *arena)
{
	Carepace__V1__Booking booking = CAREPACE__V1__BOOKING__INIT;

	booking.booking = input->number;
	booking.client_token = bytes_of(&input->client);
	booking.site = (char *)site(input);
	booking.start_ts_ms = input->end_ts;
	booking.state = choice(input, 0, 4) ? CAREPACE__V1__BOOKING_STATE__BOOKING_BOOKED
	                                    : CAREPACE__V1__BOOKING_STATE__BOOKING_CANCELLED;
	order->booking = &booking;
	return pack(order, input, arena);
}

static struct slice seen_bytes(
    Carepace__V1__Order *order, const struct input *input, struct arena *arena)
{
	Carepace__V1__SessionSeen seen = CAREPACE__V1__SESSION_SEEN__INIT;
	struct id sid = {.b = {0x5e, (uint8_t)input->number, [ID_BYTES - 1] = 1}};
	bool is_operator = input->number >= 100;

	seen.sid = bytes_of(&sid);
	seen.has_operator_token = is_operator;
	seen.has_client_token = !is_operator;
	seen.client_token = seen.operator_token = bytes_of(&input->client);
	seen.site = (char *)site(input);
	seen.start_ts_ms = input->end_ts - choice(input, 0, 120) * MS_PER_MINUTE;
	seen.has_end_ts_ms = choice(input, 1, 3);
	seen.end_ts_ms = input->end_ts + choice(input, 2, 60) * MS_PER_MINUTE;
	order->session_seen = &seen;
	return pack(order, input, arena);
}

static struct slice device_bytes(
    Carepace__V1__Order *order, const struct input *input, struct arena *arena)
{
	Carepace__V1__Device device = CAREPACE__V1__DEVICE__INIT;
	Carepace__V1__DeviceAssign assign = CAREPACE__V1__DEVICE_ASSIGN__INIT;

	device.device = assign.device = bytes_of(&input->client);
	device.site = assign.site = (char *)site(input);
	device.has_model = assign.has_model = choice(input, 0, 2);
	device.has_last_pm_date = true;
	device.last_pm_date = date(input->end_ts, -choice(input, 1, 200) * 2);
	assign.state = CAREPACE__V1__ASSIGN_STATE__ASSIGN_ACTIVE;
	if (input->body == CAREPACE__V1__ORDER__BODY_DEVICE)
		order->device = &device;
	else
		order->device_assign = &assign;
	return pack(order, input, arena);
}

struct slice office_bytes(const struct input *input, struct arena *arena)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	char key[KEY_BYTES];

	snprintf(key, sizeof(key), "%d/%u", input->body, input->number);
	order.hq_epoch = input->boot;
	order.n = input->seq;
	order.ts_ms = input->ts;
	order.key = key;
	order.revision = input->revision;
	switch (input->body) {
	case CAREPACE__V1__ORDER__BODY_CLIENT_FLAGS:
		return flags_bytes(&order, input, arena);
	case CAREPACE__V1__ORDER__BODY_CERT:
		return cert_bytes(&order, input, arena);
	case CAREPACE__V1__ORDER__BODY_BOOKING:
		return booking_bytes(&order, input, arena);
	case CAREPACE__V1__ORDER__BODY_SESSION_SEEN:
		return seen_bytes(&order, input, arena);
	default:
		return device_bytes(&order, input, arena);
	}
}
