#include "sealed_limits.h"

#include "care/stream/seal.h"
#include "ledger/judging/subjects.h"
#include "ledger/store/store.h"
#include "lines.h"
#include "care/reading.h"

#include <inttypes.h>
#include <stdio.h>

#define NAME_BYTES (4 * ID_BYTES + 1) /* SID/DEVICE */
#define SEAL_BYTES_MAX (64U << 10)

static void add(struct buf *out, const char *name, const int64_t *numbers, size_t count)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);
	char line[NAME_BYTES + 24];

	for (size_t i = 0; i < count; i++)
		sum = (sum ^ (uint64_t)numbers[i]) * UINT64_C(0x100000001b3);
	int len = snprintf(line, sizeof(line), "%s %016" PRIx64 "\n", name, sum);
	CP_CHECK(buf_append(out, line, (size_t)len) == CP_OK);
}

void limits_demanded(struct ledger *ledger, struct buf *out)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT s.no, lower(hex(s.sid)) || '/' || lower(hex(r.id)) FROM session s"
	    " JOIN source r ON r.no = s.source",
	    "");

	while (db_next(&rows)) {
		struct seal_numbers numbers;
		struct session session;
		struct guard guard;
		struct limits limits;
		if (!subjects_guard(ledger, db_int(&rows, 0), &session, &guard, &limits))
			continue; /* it is set aside */
		seal_pack_limits(&limits, &numbers);
		add(out, db_text(&rows, 1), numbers.items, numbers.count);
	}
}

void limits_sealed(struct db *db, struct buf *out)
{
	struct arena arena;
	struct db_rows rows = db_query(db,
	    "SELECT j.payload, lower(hex(s.sid)) || '/' || lower(hex(r.id)) FROM session s"
	    " JOIN source r ON r.no = s.source JOIN journal j ON j.source = 1 AND j.boot = 1"
	    " AND j.seq = s.seal WHERE s.seal > 0",
	    "");

	arena_init(&arena, SEAL_BYTES_MAX, SEAL_BYTES_MAX);
	while (db_next(&rows)) {
		struct reading reading;
		CP_CHECK(reading_from_box(&arena, db_blob(&rows, 0), &reading) == READING_OK);
		const Carepace__V1__SessionSeal *seal = reading.box->session_seal;
		add(out, db_text(&rows, 1), seal->limits, seal->n_limits);
		arena_reset(&arena);
	}
	arena_deinit(&arena);
}

#define BEGIN_LEN (sizeof("finding 302 ") - 1)
#define ID_DIGITS (2 * ID_BYTES)

/* Of a check that streams are held against: finding 302 SID/DEVICE ..., or, of the battery,
 * finding 516 DEVICE SID ... False: it is of another. */
static bool read_name(struct slice line, char name[NAME_BYTES])
{
	static const char *const begins[] = {"finding 3", "finding 208 ", "finding 516 "};
	const uint8_t *ids = line.p + BEGIN_LEN;
	bool is_one = false;

	if (line.len < BEGIN_LEN + NAME_BYTES)
		return false;
	for (size_t i = 0; i < CP_COUNT(begins); i++)
		is_one |= memcmp(line.p, begins[i], strlen(begins[i])) == 0;
	memcpy(name, ids, NAME_BYTES);
	if (ids[ID_DIGITS] == ' ') {
		memcpy(name, ids + ID_DIGITS + 1, ID_DIGITS);
		name[ID_DIGITS] = '/';
		memcpy(name + ID_DIGITS + 1, ids, ID_DIGITS);
	}
	return is_one;
}

bool limits_excuse(struct slice line, struct slice sealed, struct slice demanded)
{
	char name[NAME_BYTES];

	if (sealed.len == 0 || !read_name(line, name))
		return false;
	while (sealed.len > 0) {
		struct slice limits = lines_next(&sealed);
		if (limits.len >= NAME_BYTES && memcmp(limits.p, name, NAME_BYTES) == 0)
			return !lines_have(demanded, limits);
	}
	return false;
}
