#include "story.h"

#include "../fail.h"
#include "care/time/civil.h"
#include "ledger/state.h"
#include "scenarios/speech.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#define ZONE "Europe/Berlin"
#define DAYS_BETWEEN 30
#define SERVICE_EVERY 12 /* visits: once a year */

static const char *const setup[] = {
    "HQ tell clinic_role mdr_role=VOLUNTARY",
    "HQ tell calendar tz=" ZONE " opening=1:540:1080 opening=2:540:1080 opening=3:540:1080"
    " opening=4:540:1080 opening=5:540:1080 opening=6:540:1080 opening=7:540:1080",
    "HQ tell model_profile model=1 kind=PEN pins=14 max_depth=2500 rate=7000rpm"
    " zone_limit=CHEEK::1500 skin_types=1+2+3+4+5+6 cart_gtin=" CLINIC_GTIN,
    "HQ tell cert operator=o1 model=1,2,3,4 valid_through=2030-12-31 max_depth=4000",
    /* Devices of a story do not beat, and nobody bills. */
    "off DEVICE_OFFLINE, CONSUMABLE_UNBILLED, AFTERCARE_OPEN",
};

static void say(struct clinic *clinic, const char *format, ...) CP_PRINTF(2, 3);

static void say(struct clinic *clinic, const char *format, ...)
{
	char line[SPEECH_LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	speech_line(clinic, line);
	if (clinic_failed(clinic))
		fail("%s: %s", line, clinic->why);
	clinic_listen(clinic);
	if (ledger_wants_checkpoint(clinic->ledger) && ledger_checkpoint(clinic->ledger))
		fail("checkpoint: %s", ledger_error(clinic->ledger));
}

/* --- open -------------------------------------------------------------------------------- */

static void found(struct clinic *clinic)
{
	clinic->now = zone_time_at(&clinic->zone, civil_from_ymd(2022, 1, 1), 9 * 60);
	speech_setup(clinic, setup, CP_COUNT(setup));
	for (unsigned client = 0; client < CLIENTS; client++) {
		say(clinic, "HQ client c%u", client);
		say(clinic, "HQ plan %u c%u MILD 4", client + 1, client);
	}
}

/* Everybody speaks on in a boot of their own. */
static void find_again(struct clinic *clinic)
{
	struct db *db = &clinic->ledger->db;

	clinic->now = db_value(db, 0, "SELECT max(recv) FROM journal", "");
	clinic->order_count =
	    (uint32_t)db_value(db, 0, "SELECT value FROM meta WHERE name = 'hq_n'", "");
	for (unsigned i = 0; i <= PENS; i++) {
		char name[NAME_BYTES];
		snprintf(name, sizeof(name), i ? "P%u" : "T1", i);
		struct device *device = clinic_device(clinic, name);
		device->boot = (uint32_t)db_value(db, 0,
		    "SELECT max(boot) FROM source r JOIN journal j ON j.source = r.no"
		    " WHERE r.id = ?",
		    "b", slice_of(device->id.b, ID_BYTES));
		clinic_reboot(clinic, device);
	}
}

void story_open(struct clinic *clinic, const char *path)
{
	clinic_open_store(clinic, ZONE, path, "1", 0);
	clinic->has_greetings = true;
	clinic->next_wake = TIME_NEVER;
	if (clinic_failed(clinic))
		fail("%s", clinic->why);
	if (db_value(&clinic->ledger->db, 0, "SELECT count(*) FROM session", ""))
		find_again(clinic);
	else
		found(clinic);
}

void story_close(struct clinic *clinic)
{
	if (ledger_checkpoint(clinic->ledger))
		fail("checkpoint: %s", ledger_error(clinic->ledger));
	clinic_close(clinic);
}

/* --- a treatment --------------------------------------------------------------------------- */

static unsigned pen_of(struct treatment t)
{
	return 1 + t.client % PENS;
}

static void service(struct clinic *clinic, unsigned pen)
{
	static const char *const kinds[] = {"PM", "CALIBRATION", "ELEC_SAFETY"};

	for (size_t i = 0; i < CP_COUNT(kinds); i++)
		say(clinic, "P%u tell maint kind=%s result=PASS by=o1", pen, kinds[i]);
}

void story_prepare(struct clinic *clinic, struct treatment t)
{
	unsigned booking = 1 + t.visit * CLIENTS + t.client;
	int32_t day = civil_from_ymd(2022, 1, 2) + (int32_t)(t.visit * DAYS_BETWEEN + t.client);
	wall_ms start = zone_time_at(&clinic->zone, day, 10 * 60);
	unsigned pen = pen_of(t);

	clinic_advance(clinic, start - MS_PER_HOUR);
	say(clinic,
	    "HQ tell booking booking=%u client=c%u start=+1h end=+2h zones=CHEEK state=BOOKED",
	    booking, t.client);
	say(clinic, "T1 tell screening client=c%u consent=YES by=o1", t.client);
	say(clinic, "P%u reboot", pen);
	say(clinic, "P%u hello", pen);
	say(clinic, "P%u selftest PASS", pen);
	if (t.visit % SERVICE_EVERY == 0 && t.client < PENS)
		service(clinic, pen);
	if (t.client < PENS)
		say(clinic, "P%u tell maint kind=INSPECTION result=PASS by=o1", pen);
	say(clinic, "P%u clean", pen);
	clinic_advance(clinic, start);
}

void story_start(struct clinic *clinic, struct treatment t)
{
	say(clinic, "P%u start S%ux%u c%u course %u booking %u phase %s", pen_of(t), t.visit,
	    t.client, t.client, t.client + 1, 1 + t.visit * CLIENTS + t.client,
	    t.visit < 4 ? "SERIES" : "MAINTENANCE");
}

void story_attach(struct clinic *clinic, struct treatment t)
{
	say(clinic, "P%u attach S%ux%u N%u-%u", pen_of(t), t.visit, t.client, t.visit, t.client);
}

void story_finish(struct clinic *clinic, struct treatment t, unsigned messages)
{
	say(clinic, "P%u param S%ux%u", pen_of(t), t.visit, t.client);
	for (unsigned i = 0; i < messages; i++)
		say(clinic, "+1s P%u sample S%ux%u for 8", pen_of(t), t.visit, t.client);
	clinic_advance(clinic, clinic->now + 4 * MS_PER_MINUTE);
	say(clinic, "P%u end S%ux%u COMPLETED active 10m", pen_of(t), t.visit, t.client);
}
