#include "ledger/answers.h"

#include "ledger/judging/alerts.h"
#include "ledger/store/alert_rows.h"

struct target {
	struct id id;  /* of the alert, or a sid */
	int64_t check; /* 0: id is the alert's */
	bool is_override;
	uint32_t reason;
};

static bool target_of(const struct reading *reading, struct target *out)
{
	*out = (struct target){.is_override = reading->kind == READING_OVERRIDE};
	if (!out->is_override) {
		const Carepace__V1__AckAlert *ack =
		    reading->up ? reading->up->ack_alert : reading->order->alert_ack;
		out->reason = ack->reason;
		return id_from_bytes(&out->id, slice_of(ack->alert_id.data, ack->alert_id.len));
	}

	const Carepace__V1__Override *override = reading->up->override;
	out->reason = override->reason;
	if (override->has_alert_id &&
	    id_from_bytes(&out->id, slice_of(override->alert_id.data, override->alert_id.len)))
		return true;
	out->id = reading->sid;
	out->check = override->has_check ? (int64_t) override->check : 0;
	return !id_is_zero(&out->id) && out->check != 0;
}

static bool give(struct alert *alert, const struct target *target, const struct journal_row *row)
{
	struct alert_answer answer = {
	    .at = row->recv,
	    .by = row->operator_no,
	    .reason = target->reason,
	};

	return target->is_override ? alert_override(alert, &answer, row->recv)
	                           : alert_ack(alert, &answer, row->recv);
}

static void give_to_stored(struct ledger *ledger, const struct id *id, const struct target *target,
    const struct journal_row *row, bool is_loud)
{
	struct alert alert;

	if (alert_rows_load(ledger, id, &alert) && give(&alert, target, row))
		alerts_save(ledger, &alert, is_loud);
}

/* An override by session and check may meet several alerts (two cartridges). */
static void give_to_session(
    struct ledger *ledger, const struct target *target, const struct journal_row *row, bool is_loud)
{
	struct id ids[16];
	size_t count = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT a.id FROM session s JOIN alert a ON a.session = s.no AND a.session != 0"
	    " WHERE s.sid = ? AND a.check_id = ? LIMIT 16",
	    "bi", slice_of(target->id.b, ID_BYTES), target->check);

	while (db_next(&rows))
		id_from_bytes(&ids[count++], db_blob(&rows, 0));
	for (size_t i = 0; i < count; i++)
		give_to_stored(ledger, &ids[i], target, row, is_loud);
}

void answers_apply(struct ledger *ledger, const struct reading *reading,
    const struct journal_row *row, bool is_loud)
{
	struct target target;

	if (!target_of(reading, &target))
		return;
	db_run(&ledger->db,
	    "INSERT INTO answer(target, check_id, source, boot, seq) VALUES(?, ?, ?, ?, ?)"
	    " ON CONFLICT DO NOTHING",
	    "biiii", slice_of(target.id.b, ID_BYTES), target.check, row->source, (int64_t)row->boot,
	    (int64_t)row->seq);
	if (target.check)
		give_to_session(ledger, &target, row, is_loud);
	else
		give_to_stored(ledger, &target.id, &target, row, is_loud);
	arena_reset(&ledger->work);
}

void answers_give(struct ledger *ledger, struct alert *alert)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " JOURNAL_COLUMNS " FROM answer w JOIN journal j USING(source, boot, seq)"
	    " WHERE (w.target = ?1 AND w.check_id = 0) OR (w.check_id = ?2 AND w.target ="
	    " (SELECT sid FROM session WHERE no = ?3)) ORDER BY j.recv, j.source, j.boot, j.seq",
	    "bii", slice_of(alert->id.b, ID_BYTES), (int64_t)alert->finding.check,
	    alert->finding.session);

	while (db_next(&rows)) {
		struct journal_row row = journal_row_of(&rows);
		struct reading reading;
		struct target target;
		if (journal_decode(&ledger->work, &row, &reading) == READING_OK &&
		    target_of(&reading, &target))
			give(alert, &target, &row);
	}
}
