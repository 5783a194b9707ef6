#include "ledger/past/inputs.h"

#include "ledger/store/journal.h"
#include "wire/scan.h"

#include "report.pb-c.h"

#include <inttypes.h>
#include <stdio.h>

#define ROW_BYTES_MAX (1U << 20)

struct walk {
	struct db db; /* read only, one transaction */
	const uint8_t *salt;
	const struct inputs_ops *ops;
	void *ctx;
	struct inputs_counts *counts;
	struct arena row; /* one message long */
	wall_ms last;
};

/* --- names ------------------------------------------------------------------------------ */

struct people {
	const struct walk *walk;
	int64_t client;
	int64_t client2;
	int64_t operator_no;
};

/* Who was nobody stays so. */
static void name_person(void *ctx, const char *field, uint8_t *token, size_t len)
{
	const struct people *people = ctx;
	const bool is_client = strcmp(field, "client_token") == 0;
	const bool is_other = strcmp(field, "new_client_token") == 0;
	const int64_t no = is_client  ? people->client
	                   : is_other ? people->client2
	                              : people->operator_no;
	char name[40];
	uint8_t hash[HASH_BYTES];

	if (no == 0)
		return;
	snprintf(
	    name, sizeof(name), "%s %" PRId64, is_client || is_other ? "client" : "operator", no);
	const struct slice parts[] = {slice_of(people->walk->salt, HASH_BYTES), slice_str(name)};
	hash_sha256(parts, CP_COUNT(parts), hash);
	memcpy(token, hash, len < sizeof(hash) ? len : sizeof(hash));
}

/* --- rows ------------------------------------------------------------------------------- */

/* Who never said HELLO, or said what only tablets say, is a tablet. A first content before
 * others of its name. */
static const char select_inputs[] =
    "WITH sender AS MATERIALIZED (SELECT no, id, CASE WHEN kind = 0 OR EXISTS(SELECT 1 FROM "
    "journal t WHERE"
    " t.source = r.no AND t.kind BETWEEN ?1 AND ?2) THEN ?3 ELSE kind END AS kind FROM source r)"
    " SELECT s.id, s.kind, j.payload, j.client, j.client2, j.operator, j.source, j.kind,"
    " max(0, j.recv + ifnull((SELECT known - assumed FROM doubt d WHERE d.no = j.doubt"
    " AND NOT is_lost), 0)) AS arrival FROM ("
    "SELECT source, boot, seq, recv, kind, client, client2, operator, payload, doubt, 0 AS again"
    " FROM journal UNION ALL SELECT source, boot, seq, recv, kind, NULL, NULL, NULL, payload,"
    " doubt, 0 FROM stream UNION ALL SELECT source, boot, seq, recv, 0, NULL, NULL, NULL,"
    " payload, NULL, 1 FROM conflict) j JOIN sender s ON s.no = j.source"
    " ORDER BY arrival, j.again, j.source, j.boot, j.seq";

/* Journalled all the same: an order of a kind that is not known holds its place. */
static bool is_left_out(struct walk *walk, const struct db_rows *rows)
{
	bool is_of_box = db_int(rows, 6) == SOURCE_BOX && db_int(rows, 7) >= READING_BOX;

	walk->counts->of_box += is_of_box;
	return is_of_box || db_blob(rows, 2).len == 0;
}

static enum cp_err take_row(struct walk *walk, const struct db_rows *rows)
{
	struct log_entry entry = {.received_ms = db_int(rows, 8)};
	const struct people people = {
	    .walk = walk,
	    .client = db_int(rows, 3),
	    .client2 = db_int(rows, 4),
	    .operator_no = db_int(rows, 5),
	};

	if (is_left_out(walk, rows))
		return CP_OK;
	id_from_bytes(&entry.device, db_blob(rows, 0));
	entry.kind = (Carepace__V1__DeviceKind)db_int(rows, 1);
	entry.is_own = db_int(rows, 6) == SOURCE_BOX;
	entry.is_order = entry.is_own || id_eq(&entry.device, &reading_head_office);
	entry.payload = arena_copy(&walk->row, db_blob(rows, 2));
	if (!entry.payload.p)
		return CP_NOMEM;
	wire_each_token(
	    entry.is_order ? &carepace__v1__order__descriptor : &carepace__v1__up__descriptor,
	    (uint8_t *)entry.payload.p, entry.payload.len, name_person, (void *)&people);
	walk->counts->entries++;
	enum cp_err err = walk->ops->entry(walk->ctx, &entry);
	if (err != CP_INVALID)
		return err;
	walk->counts->entries--;
	walk->counts->too_large++;
	return CP_OK;
}

static enum cp_err take_rows(struct walk *walk)
{
	enum cp_err err = CP_OK;
	struct db_rows rows = db_query(&walk->db, select_inputs, "iii", (int64_t)READING_AE_REPORT,
	    (int64_t)READING_COUNT_OVERRIDE, (int64_t)CAREPACE__V1__DEVICE_KIND__DEVICE_TABLET);

	while (!err && db_next(&rows)) {
		err = take_row(walk, &rows);
		arena_reset(&walk->row);
	}
	db_end(&rows);
	return err;
}

static enum cp_err take_head(struct walk *walk)
{
	char site[40] = "";
	struct db_rows rows = db_query(&walk->db, "SELECT value FROM meta WHERE name = 'site'", "");

	if (db_next(&rows))
		snprintf(site, sizeof(site), "%s", db_text(&rows, 0));
	db_end(&rows);
	wall_ms until = db_value(&walk->db, 0, "SELECT max(judged_at) FROM subject", "");
	return walk->db.err ? CP_OK : walk->ops->head(walk->ctx, site, until);
}

enum cp_err inputs_read(const char *path, const uint8_t salt[HASH_BYTES],
    const struct inputs_ops *ops, void *ctx, struct inputs_counts *counts, char why[256])
{
	struct walk walk = {.salt = salt, .ops = ops, .ctx = ctx, .counts = counts};
	enum cp_err err = db_open(&walk.db, path, DB_READ_ONLY);

	why[0] = '\0';
	*counts = (struct inputs_counts){0};
	arena_init(&walk.row, 64 * 1024, ROW_BYTES_MAX);
	db_exec(&walk.db, "BEGIN");
	if (!err)
		err = take_head(&walk);
	if (!err)
		err = take_rows(&walk);
	counts->parked = db_value(&walk.db, 0, "SELECT count(*) FROM parked", "");
	if (walk.db.err) {
		snprintf(why, 256, "%s: %s", path, walk.db.err_text);
		err = walk.db.err;
	}
	arena_deinit(&walk.row);
	db_close(&walk.db);
	return err;
}
