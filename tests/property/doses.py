"""Domain 8.3, what a session's messages say without a profile of the model, and of 8.7 the
operator in two clinics."""

from inputs import NOBODY, Message, name_of
from sessions import HOUR, MINUTE, NEVER

PASSES, STOP, LONG, SHORT, DOSE = "315", "318", "319", "320", "321"
OVERLAP, OPERATOR_OVERLAP = "323", "709"
LOW, MEDIUM, HIGH, CRITICAL = 2, 3, 4, 5
RF = 4
OWN_SITE = "north-1"

PASSES_MAX, PASSES_MAX_RF = 6, 4
LONG_MS, LONG_MS_RF = 45 * MINUTE, 90 * MINUTE
SHORT_MS = 10 * MINUTE
PUNCTURES = 1000
SILENT = 10 * MINUTE
SEEN_FOR = 8 * HOUR


def finding(session, at, severity, value=0, limit=0):
    return {"from": at, "severity": severity, "value": value, "limit": limit,
            "day": session.day()}


# --- at the end ----------------------------------------------------------------------------------


def judge_end(session, findings, untold):
    end, is_rf = session.ended.body, session.modality == RF
    most = max((one.passes for one in end.passes), default=0)
    limit = PASSES_MAX_RF if is_rf else PASSES_MAX
    if most > limit:
        findings[PASSES, session.name(), ""] = finding(session, session.end, LOW, most, limit)
    if not session.is_completed or not session.said or is_rf:
        return
    lasted = session.end - session.start
    if lasted < SHORT_MS:
        findings[SHORT, session.name(), ""] = finding(session, session.end, LOW, lasted, SHORT_MS)
    if not end.HasField("punctures"):  # Open: what the pins did, as far as they are known
        untold.add((DOSE, session.name()))
    elif end.punctures < PUNCTURES:
        findings[DOSE, session.name(), ""] = finding(
            session, session.end, LOW, end.punctures, PUNCTURES)


def judge_long(session, now, findings):
    most = LONG_MS_RF if session.modality == RF else LONG_MS
    is_heard = session.is_active and now - session.end <= SILENT
    until = now if is_heard else session.end
    if until <= session.start + most:
        return
    # Open: of one that runs the value is the least that is too long.
    value = most + 1 if session.is_active else session.end - session.start
    findings[LONG, session.name(), ""] = finding(
        session, session.start + most + 1, LOW, value, most)


def judge_stop(session, findings):
    stops = [m for m in session.messages if m.kind == "estop"]
    if stops:
        first = min(stops, key=Message.order)
        findings[STOP, session.name(), ""] = finding(session, first.ts, CRITICAL) | {
            "until": first.ts, "latched": 1}


# --- elsewhere at the same time --------------------------------------------------------------------


def seen_near(orders, session):
    """(those told of once, is one told of again?). Open: what began more than a shift before or
    after is another day; whether a second word moves it there is not asked."""
    near = [o for o in orders if abs(o.body.start_ts_ms - session.start) <= SEEN_FOR]
    again = {o.key for o in near if sum(other.key == o.key for other in orders) > 1}
    return [o.body for o in near if o.key not in again], bool(again)


def judge_overlap(session, seen, check, severity, now, findings):
    end = NEVER if session.is_active else session.end
    spans = []
    for other in seen:
        if other.site == OWN_SITE or name_of(other.sid) == session.sid:
            continue
        # Open: one that has no end lasts no longer than a shift.
        other_end = other.end_ts_ms or other.start_ts_ms + SEEN_FOR
        begin, until = max(other.start_ts_ms, session.start), min(other_end, end)
        if begin < until and begin <= now:
            spans.append((begin, until))
    if spans:
        until = max(span[1] for span in spans)
        findings[check, session.name(), ""] = finding(
            session, min(spans)[0], severity) | {"until": until if until <= now else NEVER}


def judge(world, sessions, findings, untold):
    seen = world.of("session_seen")
    for session in sessions:
        judge_stop(session, findings)
        if session.ended:
            judge_end(session, findings, untold)
        if not session.said:
            continue
        judge_long(session, world.now, findings)
        for check, severity, who, of in (
                (OVERLAP, HIGH, session.client, "client_token"),
                (OPERATOR_OVERLAP, MEDIUM, session.operator, "operator_token")):
            own = [o for o in seen if who != NOBODY and name_of(getattr(o.body, of)) == who]
            once, is_said_again = seen_near(own, session)
            if is_said_again:
                untold.add((check, session.name()))
            judge_overlap(session, once, check, severity, world.now, findings)
