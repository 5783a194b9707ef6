/* treatments.h - a store that a test fills with treatments, by the ledger's own
 * door: messages are packed, read and applied as they are from a device.
 *
 * Clinic in Europe/Berlin. Days are civil dates, times of day are local.
 */
#ifndef TESTS_TREATMENTS_H
#define TESTS_TREATMENTS_H

#include "care/time/civil.h"
#include "io/tzfile.h"
#include "ledger/ledger.h"
#include "ledger/view/view.h"
#include "wire/pack.h"

#include "report.pb-c.h"
#include "telemetry.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define CHEEK (1U << CAREPACE__V1__ZONE__CHEEK)
#define DEVICES_MAX 8

struct treatments {
	char dir[64];
	char path[96];
	struct zone zone;
	struct ledger *ledger; /* NULL: closed */
	struct batch *batch;
	uint32_t seq[DEVICES_MAX];
	uint32_t orders;
	wall_ms now;
};

/* An id that is easy to see: the byte sixteen times. */
static inline struct id id_of(uint8_t byte)
{
	struct id id;

	memset(id.b, byte, sizeof(id.b));
	return id;
}

static inline event_ms at(const struct treatments *t, int month, int day, int hour, int minute)
{
	return zone_time_at(&t->zone, civil_from_ymd(2026, month, day), hour * 60 + minute);
}

struct treatments *treatments_new(void);
void treatments_open(struct treatments *t); /* after a close */
void treatments_close(struct treatments *t);
void treatments_free(struct treatments *t);

/* What lies in t->batch is applied; deadlines until then happen. */
void treatments_apply(struct treatments *t, wall_ms now);

void device_hello(
    struct treatments *t, uint8_t device, Carepace__V1__DeviceKind kind, char *serial);

struct treatment {
	uint8_t device;
	uint8_t sid;
	uint8_t client;
	uint64_t course;
	char *cart; /* serial; NULL: none */
	event_ms start;
};

void treatment_start(struct treatments *t, const struct treatment *what);
void treatment_attach(struct treatments *t, const struct treatment *what);
void treatment_expose(struct treatments *t, const struct treatment *what);
void treatment_end(struct treatments *t, const struct treatment *what); /* completed */
void treat(struct treatments *t, const struct treatment *what);         /* all of these */

void tablet_ack(struct treatments *t, uint8_t tablet, struct id alert, event_ms when);
void tablet_override(struct treatments *t, uint8_t tablet, struct id alert, event_ms when);

/* Head office plans a course of four sessions; min_days 0 is the default. */
void hq_plan(struct treatments *t, uint64_t course, uint8_t client, uint32_t min_days,
    uint64_t revision, event_ms when);

#endif
