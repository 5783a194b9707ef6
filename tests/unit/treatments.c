#include "treatments.h"

#include "first_checks.h"

static ProtobufCBinaryData bytes_of(struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = id->b};
}

void treatments_open(struct treatments *t)
{
	struct ledger_config config = {.path = t->path,
	    .site = "berlin-1",
	    .version = "1",
	    .policy = policy_default(&t->zone),
	    .own = first_checks(),
	    .own_count = 1};
	char why[256];

	if (ledger_open(&config, t->now, &t->ledger, why))
		fail_msg("%s", why);
}

struct treatments *treatments_new(void)
{
	struct treatments *t = calloc(1, sizeof(*t));

	assert_non_null(t);
	snprintf(t->dir, sizeof(t->dir), "/tmp/carepace-test-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->path, sizeof(t->path), "%s/%s", t->dir, LEDGER_FILE_NAME);
	assert_int_equal(tzfile_load("Europe/Berlin", &t->zone), CP_OK);
	t->batch = batch_new();
	assert_non_null(t->batch);
	t->now = at(t, 8, 1, 8, 0);
	treatments_open(t);
	return t;
}

void treatments_close(struct treatments *t)
{
	ledger_close(t->ledger);
	t->ledger = NULL;
}

void treatments_free(struct treatments *t)
{
	char command[128];

	treatments_close(t);
	snprintf(command, sizeof(command), "rm -rf %s", t->dir);
	assert_int_equal(system(command), 0);
	batch_free(t->batch);
	zone_deinit(&t->zone);
	free(t);
}

/* --- one message, one batch ------------------------------------------------------ */

void treatments_apply(struct treatments *t, wall_ms now)
{
	t->now = now;
	if (ledger_apply(t->ledger, t->batch, now))
		fail_msg("%s", ledger_error(t->ledger));
	batch_reset(t->batch);
}

static struct slice pack_message(struct treatments *t, const ProtobufCMessage *message)
{
	struct slice payload;

	assert_int_equal(wire_pack(&t->batch->arena, message, &payload), CP_OK);
	return payload;
}

/* A body of `up` is set; the rest of the envelope is filled in here. */
static void say(struct treatments *t, uint8_t device, Carepace__V1__Up *up, event_ms ts)
{
	struct id source = id_of(device);
	struct batch_entry *entry = batch_add(t->batch);
	const char *why;

	up->source = bytes_of(&source);
	up->boot = 1;
	up->seq = ++t->seq[device % DEVICES_MAX];
	up->ts_ms = ts;
	up->mono_ms = (uint64_t)ts;
	assert_int_equal(reading_parse(&t->batch->arena, pack_message(t, &up->base), &source, true,
	                     &entry->reading, &why),
	    READING_OK);
	entry->recv = ts;
	treatments_apply(t, ts);
}

/* --- what a clinic does -------------------------------------------------------------- */

void device_hello(struct treatments *t, uint8_t device, Carepace__V1__DeviceKind kind, char *serial)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Hello body = CAREPACE__V1__HELLO__INIT;

	body.kind = kind;
	body.context = CAREPACE__V1__CONTEXT__CONTEXT_CLINIC;
	body.model = 7;
	body.serial = serial;
	up.body_case = CAREPACE__V1__UP__BODY_HELLO;
	up.hello = &body;
	say(t, device, &up, t->now);
}

void treatment_start(struct treatments *t, const struct treatment *what)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__SessionStart body = CAREPACE__V1__SESSION_START__INIT;
	struct id sid = id_of(what->sid);
	struct id client = id_of(what->client);
	struct id operator= id_of(0x0b);

	body.sid = bytes_of(&sid);
	body.has_client_token = body.has_operator_token = 1;
	body.client_token = bytes_of(&client);
	body.operator_token = bytes_of(&operator);
	body.has_course = 1;
	body.course = what->course;
	body.modality = CAREPACE__V1__MODALITY__MODALITY_PEN;
	body.has_zones = 1;
	body.zones = CHEEK;
	up.body_case = CAREPACE__V1__UP__BODY_SESSION_START;
	up.session_start = &body;
	say(t, what->device, &up, what->start);
}

void treatment_attach(struct treatments *t, const struct treatment *what)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__CartMount body = CAREPACE__V1__CART_MOUNT__INIT;
	Carepace__V1__Cartridge cart = CAREPACE__V1__CARTRIDGE__INIT;
	struct id sid = id_of(what->sid);
	char gtin[] = "04012345678901";

	cart.gtin = gtin;
	cart.serial = what->cart;
	cart.has_expiry_yyyymmdd = true;
	cart.expiry_yyyymmdd = 20991231;
	body.sid = bytes_of(&sid);
	body.cart = &cart;
	up.body_case = CAREPACE__V1__UP__BODY_CART_ATTACH;
	up.cart_attach = &body;
	say(t, what->device, &up, what->start + MS_PER_MINUTE);
}

void treatment_expose(struct treatments *t, const struct treatment *what)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Samples body = CAREPACE__V1__SAMPLES__INIT;
	Carepace__V1__Sample sample = CAREPACE__V1__SAMPLE__INIT;
	Carepace__V1__Sample *samples = &sample;
	struct id sid = id_of(what->sid);

	sample.has_active_ms = 1;
	sample.active_ms = 1000;
	body.sid = bytes_of(&sid);
	body.n_sample = 1;
	body.sample = &samples;
	up.body_case = CAREPACE__V1__UP__BODY_SAMPLES;
	up.samples = &body;
	say(t, what->device, &up, what->start + 2 * MS_PER_MINUTE);
}

void treatment_end(struct treatments *t, const struct treatment *what)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__SessionEnd body = CAREPACE__V1__SESSION_END__INIT;
	struct id sid = id_of(what->sid);

	body.sid = bytes_of(&sid);
	body.reason = CAREPACE__V1__END_REASON__END_COMPLETED;
	body.has_active_ms = 1;
	body.active_ms = 600000;
	up.body_case = CAREPACE__V1__UP__BODY_SESSION_END;
	up.session_end = &body;
	say(t, what->device, &up, what->start + 30 * MS_PER_MINUTE);
}

void treat(struct treatments *t, const struct treatment *what)
{
	treatment_start(t, what);
	if (what->cart)
		treatment_attach(t, what);
	treatment_expose(t, what);
	treatment_end(t, what);
}

void tablet_ack(struct treatments *t, uint8_t tablet, struct id alert, event_ms when)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__AckAlert body = CAREPACE__V1__ACK_ALERT__INIT;
	struct id by = id_of(0x0c);

	body.alert_id = bytes_of(&alert);
	body.by_token = bytes_of(&by);
	body.has_reason = 1;
	body.reason = 3;
	up.body_case = CAREPACE__V1__UP__BODY_ACK_ALERT;
	up.ack_alert = &body;
	say(t, tablet, &up, when);
}

void tablet_override(struct treatments *t, uint8_t tablet, struct id alert, event_ms when)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Override body = CAREPACE__V1__OVERRIDE__INIT;
	struct id by = id_of(0x0c);

	body.has_alert_id = 1;
	body.alert_id = bytes_of(&alert);
	body.by_token = bytes_of(&by);
	body.reason = 5;
	up.body_case = CAREPACE__V1__UP__BODY_OVERRIDE;
	up.override = &body;
	say(t, tablet, &up, when);
}

/* Head office plans a course of four sessions. */
void hq_plan(struct treatments *t, uint64_t course, uint8_t client, uint32_t min_days,
    uint64_t revision, event_ms when)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	Carepace__V1__Plan body = CAREPACE__V1__PLAN__INIT;
	struct batch_entry *entry = batch_add(t->batch);
	struct id token = id_of(client);
	char key[32];
	const char *why;

	snprintf(key, sizeof(key), "plan/%" PRIu64, course);
	body.course = course;
	body.client_token = bytes_of(&token);
	body.band = CAREPACE__V1__BAND__BAND_MILD;
	body.has_planned = body.has_min_days = 1;
	body.planned = 4;
	body.min_days = min_days;
	body.state = CAREPACE__V1__PLAN_STATE__PLAN_ACTIVE;
	order.hq_epoch = 1;
	order.n = ++t->orders;
	order.ts_ms = when;
	order.key = key;
	order.revision = revision;
	order.body_case = CAREPACE__V1__ORDER__BODY_PLAN;
	order.plan = &body;
	assert_int_equal(reading_parse_order(
	                     &t->batch->arena, pack_message(t, &order.base), &entry->reading, &why),
	    READING_OK);
	entry->recv = when;
	treatments_apply(t, when);
}
