#include "orders.h"

#include "pki/file.h"
#include "report.pb-c.h"
#include "wire/pack.h"

#include <inttypes.h>
#include <stdio.h>

#define COURSE_SESSIONS 4 /* most of band MILD: domain.md 2.2 */
#define KNOWN_BEFORE_MS (7 * MS_PER_DAY)
#define ORDER_MAX_BYTES 1024

static void pack_plan(
    struct buf *out, const struct visit *past, wall_ms now, uint32_t hq_epoch, uint32_t n)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	Carepace__V1__Plan plan = CAREPACE__V1__PLAN__INIT;
	char key[32];

	CP_CHECK(snprintf(key, sizeof(key), "plan/%" PRIu64, past->course) < (int)sizeof(key));
	plan.course = past->course;
	plan.client_token =
	    (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)past->client.b};
	plan.band = CAREPACE__V1__BAND__BAND_MILD;
	plan.has_planned = true;
	plan.planned = COURSE_SESSIONS;
	plan.has_zones = true;
	plan.zones = 1u << past->zone;
	plan.state = CAREPACE__V1__PLAN_STATE__PLAN_ACTIVE;
	order.hq_epoch = hq_epoch;
	order.n = n;
	order.ts_ms = now + past->start_ms - KNOWN_BEFORE_MS;
	order.key = key;
	order.revision = 1;
	order.body_case = CAREPACE__V1__ORDER__BODY_PLAN;
	order.plan = &plan;
	CP_CHECK(wire_pack_to(out, &order.base) == CP_OK);
}

static enum cp_err write_order(
    const char *dir, uint32_t n, const struct buf *bytes, struct pki_error *error)
{
	char name[32], path[PATH_MAX];

	(void)snprintf(name, sizeof(name), "%05" PRIu32 ".order", n);
	enum cp_err err = file_join(path, dir, name, error);

	return err ? err : file_replace(path, 0600, buf_bytes(bytes), error);
}

enum cp_err orders_write(
    const struct plan *plan, wall_ms now, const char *dir, struct pki_error *error)
{
	uint32_t hq_epoch = (uint32_t)(now / MS_PER_SECOND);
	uint32_t n = 0;
	enum cp_err err = file_make_dir(dir, error);

	for (size_t device = 0; device < plan->device_count; device++) {
		struct past past[PLAN_PAST_MAX];
		size_t count = plan_past(plan, device, past);

		for (size_t i = 0; i < count && !err; i++) {
			struct buf bytes;

			buf_init(&bytes, ORDER_MAX_BYTES);
			pack_plan(&bytes, &past[i].visit, now, hq_epoch, ++n);
			err = write_order(dir, n, &bytes, error);
			buf_deinit(&bytes);
		}
	}
	return err ? err : file_sync_dir(dir, error);
}
