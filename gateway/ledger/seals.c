#include "ledger/seals.h"

#include "care/stream/seal.h"
#include "ledger/clocks.h"
#include "ledger/judging/subjects.h"
#include "ledger/store/names.h"
#include "ledger/store/sessions.h"
#include "ledger/store/store.h"
#include "ledger/watch.h"

#define BOX_BOOT 1

/* --- written ------------------------------------------------------------------------------ */

static ProtobufCBinaryData bytes_of(const struct id *id)
{
	return (ProtobufCBinaryData){.data = (uint8_t *)id->b, .len = ID_BYTES};
}

/* What is at its end is absent. */
static void put_fold(Carepace__V1__SessionSeal *seal, const struct session_fold *fold)
{
	seal->has_first_ts_ms = fold->first_at != TIME_NEVER;
	seal->first_ts_ms = fold->first_at;
	seal->has_last_ts_ms = fold->last_at != INT64_MIN;
	seal->last_ts_ms = fold->last_at;
	seal->has_stream_ts_ms = fold->stream_from != TIME_NEVER;
	seal->stream_ts_ms = fold->stream_from;
	seal->has_exposed_from_ts_ms = fold->exposed_from != TIME_NEVER;
	seal->exposed_from_ts_ms = fold->exposed_from;
	seal->has_exposed_until_ts_ms = fold->exposed_until != INT64_MIN;
	seal->exposed_until_ts_ms = fold->exposed_until;
	seal->has_active_ms = seal->has_pulses = true;
	seal->active_ms = fold->active_ms;
	seal->pulses = fold->pulses;
	seal->has_stream_first = seal->has_stream_last = fold->stream_first <= fold->stream_last;
	seal->stream_first = fold->stream_first;
	seal->stream_last = fold->stream_last;
}

bool seals_add_session(struct ledger *ledger, int64_t no)
{
	Carepace__V1__Box box = CAREPACE__V1__BOX__INIT;
	Carepace__V1__SessionSeal seal = CAREPACE__V1__SESSION_SEAL__INIT;
	struct seal_numbers guard_numbers;
	struct seal_numbers limit_numbers;
	struct session session;
	struct guard guard;
	struct limits limits;

	CP_CHECK(!ledger->dirty);
	if (!subjects_guard(ledger, no, &session, &guard, &limits))
		return false;
	seal_pack_guard(&guard, &guard_numbers);
	seal_pack_limits(&limits, &limit_numbers);
	seal.device = bytes_of(&session.source);
	seal.sid = bytes_of(&session.sid);
	seal.through = (uint64_t)ledger->stream_folded;
	put_fold(&seal, &session.fold);
	seal.has_version = true;
	seal.version = GUARD_VERSION;
	seal.guard = guard_numbers.items;
	seal.n_guard = guard_numbers.count;
	seal.limits = limit_numbers.items;
	seal.n_limits = limit_numbers.count;
	box.body_case = CAREPACE__V1__BOX__BODY_SESSION_SEAL;
	box.session_seal = &seal;
	watch_record(ledger, &box);
	/* The seal is what it is folded on from. */
	db_run(&ledger->db, "DELETE FROM guard WHERE session = ?", "i", no);
	return !ledger->db.err;
}

void seals_add_boot(struct ledger *ledger, int64_t source, uint32_t boot)
{
	Carepace__V1__Box box = CAREPACE__V1__BOX__INIT;
	Carepace__V1__BootSeal seal = CAREPACE__V1__BOOT_SEAL__INIT;
	struct boot_clock clock;
	struct id id;
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT id FROM source WHERE no = ?", "i", source);

	if (!db_next(&rows))
		return;
	id_from_bytes(&id, db_blob(&rows, 0));
	db_end(&rows);
	if (!clocks_known(ledger, &id, boot, &clock))
		return;
	seal.device = bytes_of(&id);
	seal.device_boot = boot;
	seal.has_anchor_ts_ms = clock.anchor != TIME_NEVER;
	seal.anchor_ts_ms = clock.anchor;
	seal.earliest_ts_ms = clock.ts_min;
	seal.is_ahead = clock.is_ahead;
	seal.offset_min_ms = clock.offset_min;
	seal.offset_max_ms = clock.offset_max;
	box.body_case = CAREPACE__V1__BOX__BODY_BOOT_SEAL;
	box.boot_seal = &seal;
	watch_record(ledger, &box);
	db_run(&ledger->db, "UPDATE boot SET sealed = ? WHERE source = ? AND boot = ?", "iii",
	    ledger->stream_folded, source, (int64_t)boot);
}

/* --- read --------------------------------------------------------------------------------- */

static event_ms time_of(bool has, int64_t value, event_ms otherwise)
{
	return has ? value : otherwise;
}

static struct session_fold fold_in(const Carepace__V1__SessionSeal *seal)
{
	struct session_fold fold = SESSION_FOLD_EMPTY;

	fold.first_at = time_of(seal->has_first_ts_ms, seal->first_ts_ms, fold.first_at);
	fold.last_at = time_of(seal->has_last_ts_ms, seal->last_ts_ms, fold.last_at);
	fold.stream_from = time_of(seal->has_stream_ts_ms, seal->stream_ts_ms, fold.stream_from);
	fold.exposed_from =
	    time_of(seal->has_exposed_from_ts_ms, seal->exposed_from_ts_ms, fold.exposed_from);
	fold.exposed_until =
	    time_of(seal->has_exposed_until_ts_ms, seal->exposed_until_ts_ms, fold.exposed_until);
	fold.active_ms = seal->active_ms;
	fold.pulses = seal->pulses;
	if (seal->has_stream_first) {
		fold.stream_first = seal->stream_first;
		fold.stream_last = seal->stream_last;
	}
	return fold;
}

/* NULL: it has none. Lives until decoded_trim(). */
static const Carepace__V1__SessionSeal *seal_of(
    struct ledger *ledger, const struct session *session)
{
	struct journal_row row;
	struct reading reading;

	if (!session->seal)
		return NULL;
	enum reading_result result =
	    decoded_row(ledger, SOURCE_BOX, BOX_BOOT, (uint32_t)session->seal, &row, &reading);
	if (result == READING_OK && reading.kind == READING_SESSION_SEAL)
		return reading.box->session_seal;
	db_fail(&ledger->db, result == READING_NOMEM ? CP_NOMEM : CP_CORRUPT,
	    "the seal of a session cannot be read");
	return NULL;
}

bool seals_limits(struct ledger *ledger, const struct session *session, struct limits *out)
{
	const Carepace__V1__SessionSeal *seal = seal_of(ledger, session);

	return seal && seal_read_limits(seal->limits, seal->n_limits, seal->version, out);
}

bool seals_guard(struct ledger *ledger, const struct session *session, struct guard *out)
{
	const Carepace__V1__SessionSeal *seal = seal_of(ledger, session);

	return seal && seal_read_guard(seal->guard, seal->n_guard, seal->version, out);
}

void seals_fold(struct ledger *ledger, const struct session *session, struct session_fold *fold)
{
	const Carepace__V1__SessionSeal *seal = seal_of(ledger, session);

	if (!seal)
		return;
	const struct session_fold sealed = fold_in(seal);
	session_fold_add(fold, &sealed);
}

void seals_note_late(
    struct ledger *ledger, const struct session *session, const struct reading *reading)
{
	struct guard guard;

	if (seals_guard(ledger, session, &guard) &&
	    !guard_is_next(&guard, message_no(reading->boot, reading->seq)))
		store_add_meta(ledger, "sealed_late", 1);
}

/* --- taken -------------------------------------------------------------------------------- */

static struct open_session *session_in(struct ledger *ledger, const Carepace__V1__SessionSeal *seal)
{
	struct id device;
	struct id sid;

	if (!id_from_bytes(&device, slice_of(seal->device.data, seal->device.len)) ||
	    !id_from_bytes(&sid, slice_of(seal->sid.data, seal->sid.len)))
		return NULL;
	struct source_state *source = names_source(ledger, &device);
	return source ? sessions_open(ledger, source->no, &device, &sid) : NULL;
}

static void mark(struct ledger *ledger, struct open_session *open, int64_t seal, int64_t through)
{
	db_run(&ledger->db, "UPDATE session SET seal = ?, sealed = ? WHERE no = ?", "iii", seal,
	    through, open->session.no);
	open->session.seal = seal;
	open->session.sealed = through;
	kept_sessions_forget(&ledger->kept_sessions, open->session.no);
}

void seals_take(struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (reading->kind != READING_SESSION_SEAL || ledger->config.is_recount)
		return;
	struct open_session *open = session_in(ledger, reading->box->session_seal);
	if (open)
		mark(ledger, open, row->seq, (int64_t)reading->box->session_seal->through);
}

void seals_count(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (reading->kind == READING_BOOT_SEAL) {
		const Carepace__V1__BootSeal *seal = reading->box->boot_seal;
		struct boot_clock clock = BOOT_CLOCK_EMPTY;
		struct id id;
		clock.anchor = time_of(seal->has_anchor_ts_ms, seal->anchor_ts_ms, TIME_NEVER);
		clock.ts_min = seal->earliest_ts_ms;
		clock.is_ahead = seal->is_ahead;
		clock.offset_min = seal->offset_min_ms;
		clock.offset_max = seal->offset_max_ms;
		if (id_from_bytes(&id, slice_of(seal->device.data, seal->device.len)))
			clocks_join(ledger, &id, seal->device_boot, &clock);
		return;
	}
	const Carepace__V1__SessionSeal *seal = reading->box->session_seal;
	struct open_session *open = session_in(ledger, seal);
	if (!open || open->session.seal)
		return;
	const struct session_fold fold = fold_in(seal);
	mark(ledger, open, row->seq, (int64_t)seal->through);
	session_fold_add(&open->session.fold, &fold);
	sessions_mark_dirty(ledger, open, false);
}
