"""Domain 8.2 and, of 8.7, certificates: what is known of client and operator at a start."""

import calendar
import datetime

from civil import EPOCH, day_of
from inputs import NOBODY, TELEMETRY, REPORT, holding, name_of

ABSOLUTE, RELATIVE, IMPLANT, ADVISE = "201", "202", "203", "204"
ISOTRETINOIN, WASHOUT, AGE, SCREENING = "205", "206", "207", "209"
UNCERTIFIED, EXPIRED = "701", "702"
OF_FLAGS = (ABSOLUTE, RELATIVE, IMPLANT, ADVISE, ISOTRETINOIN, WASHOUT, AGE)
LOW, MEDIUM, HIGH, CRITICAL = 2, 3, 4, 5
NO, YES, UNKNOWN = 1, 2, 3
RF = 4
DAY_MS = 86_400_000

FLAG = REPORT.Flag
AGENT = REPORT.Agent

# 2.4
ZONED = {FLAG.Value(name) for name in (
    "ACTIVE_INFECTION", "OPEN_WOUND", "HSV_ACTIVE", "SKIN_CANCER", "SUNBURN", "ACTIVE_ACNE",
    "ROSACEA_ACTIVE", "ECZEMA_ACTIVE", "PSORIASIS_ACTIVE", "METAL_IMPLANT", "TATTOO_PMU")}
DENY = {FLAG.Value(name) for name in (
    "PREGNANT_NURSING", "ACTIVE_INFECTION", "OPEN_WOUND", "HSV_ACTIVE", "SKIN_CANCER", "SUNBURN")}
OVERRIDE = {FLAG.Value(name) for name in (
    "ACTIVE_ACNE", "ROSACEA_ACTIVE", "ECZEMA_ACTIVE", "PSORIASIS_ACTIVE", "KELOID_HISTORY",
    "SCLERODERMA_COLLAGEN_VASC", "BLEEDING_DISORDER", "ANTICOAGULANT", "CHEMO_RADIO",
    "HIGH_DOSE_STEROID", "IMMUNOSUPPRESSED", "DIABETES_UNCONTROLLED", "ALLERGY_METAL",
    "ALLERGY_ANAESTHETIC", "METAL_IMPLANT")}
ADVISED = {FLAG.Value(name) for name in ("TATTOO_PMU", "LIPS", "EYEBROW_HAIR", "HSV_HISTORY")}
ONLY_RF = {FLAG.Value(name) for name in (
    "METAL_IMPLANT", "TATTOO_PMU", "LIPS", "EYEBROW_HAIR")}
ACTIVE_IMPLANT, PROPHYLAXIS = FLAG.Value("ACTIVE_IMPLANT"), FLAG.Value("HSV_PROPHYLAXIS")
HSV_HISTORY = FLAG.Value("HSV_HISTORY")

# 2.5, days
WAITS = {AGENT.Value(f"AGENT_{name}"): days for name, days in {
    "BOTULINUM": 14, "FILLER": 14, "PEEL_SUPERFICIAL": 21, "LASER_NONABL": 21, "RF_OTHER": 21,
    "LASER_ABLATIVE": 84, "DEEP_PEEL": 90, "DERMABRASION": 90, "FACIAL_SURGERY": 365,
    "TAN_UV": 14}.items()}
RETINOID = AGENT.Value("AGENT_TOPICAL_RETINOID_AHA")
ISOTRETINOIN_AGENT = AGENT.Value("AGENT_ISOTRETINOIN")
ISOTRETINOIN_MONTHS = 6


def as_date(day):
    return EPOCH + datetime.timedelta(days=day)


def number_of(date):
    return date.year * 10000 + date.month * 100 + date.day


def date_of(number):
    return datetime.date(number // 10000, number // 100 % 100, number % 100)


def plus_months(date, months):
    """R5: clamped to the end of the month."""
    month = date.month - 1 + months
    year, month = date.year + month // 12, month % 12 + 1
    return datetime.date(year, month, min(date.day, calendar.monthrange(year, month)[1]))


def finding(session, severity, value=0, limit=0):
    return {"from": session.start, "severity": severity, "value": value, "limit": limit,
            "day": session.day()}


# --- flags -------------------------------------------------------------------------------------


def overlaps(entry, session):
    """R14, R16. Open: a flag without zones is true everywhere, also where the session's
    zones are missing; one with zones is not evaluated then."""
    if not entry.zones:
        return True
    return bool(session.zones) and bool(
        entry.zones & session.zones or entry.zones & 1 or session.zones & 1)


def applies(entry, session):
    if entry.flag in ONLY_RF and session.modality != RF:
        return False
    return entry.flag not in ZONED or overlaps(entry, session)


def judge_flags(session, flags, findings):
    values = {entry.flag: entry.value for entry in flags.flag}
    for entry in flags.flag:
        key = session.name(), FLAG.Name(entry.flag)
        if entry.value != YES or not applies(entry, session):
            continue
        if entry.flag in DENY:
            findings[ABSOLUTE, *key] = finding(session, CRITICAL)
        if entry.flag in OVERRIDE:
            findings[RELATIVE, *key] = finding(session, HIGH)
        is_covered = entry.flag == HSV_HISTORY and values.get(PROPHYLAXIS) == YES
        if entry.flag in ADVISED and not is_covered:
            findings[ADVISE, *key] = finding(session, LOW)
    implant = values.get(ACTIVE_IMPLANT, UNKNOWN)
    if session.modality == RF and implant != NO:
        findings[IMPLANT, session.name(), "ACTIVE_IMPLANT"] = finding(
            session, CRITICAL if implant == YES else HIGH)


def judge_age(session, flags, findings):
    if flags.HasField("age_ok_18") and not flags.age_ok_18:
        findings[AGE, session.name(), ""] = finding(session, CRITICAL)
    elif flags.HasField("age_ok_22") and not flags.age_ok_22:
        findings[AGE, session.name(), ""] = finding(session, LOW)


def judge_washouts(session, flags, findings):
    today = as_date(session.day())
    for washout in flags.washout:
        key = session.name(), AGENT.Name(washout.agent)[len("AGENT_"):]
        if washout.agent == RETINOID:
            elapsed = session.start - washout.last_ts_ms
            if washout.HasField("last_ts_ms") and elapsed < DAY_MS:  # Open: told in whole days
                findings[WASHOUT, *key] = finding(session, MEDIUM, int(elapsed / DAY_MS), 1)
            continue
        if washout.last_date:
            last = date_of(washout.last_date)
        elif washout.last_ts_ms:  # Open: a moment has a date, too
            last = as_date(day_of(washout.last_ts_ms))
        else:
            continue
        if washout.agent == ISOTRETINOIN_AGENT:
            ok_from = plus_months(last, ISOTRETINOIN_MONTHS)
            if today < ok_from:
                findings[ISOTRETINOIN, *key] = finding(
                    session, HIGH, number_of(today), number_of(ok_from))
        elif (today - last).days < WAITS[washout.agent]:
            findings[WASHOUT, *key] = finding(
                session, MEDIUM, (today - last).days, WAITS[washout.agent])


def judge_screening(session, world, findings):
    """Open: of several on that day the last before the start counts; consent may be taken back."""
    asked = [m for m in world.said("screening")
             if name_of(m.body.client_token) == session.client
             and moment(m) <= session.start and day_of(moment(m)) == session.day()]
    last = max(asked, key=lambda m: (moment(m), m.source, m.boot, m.seq), default=None)
    if not last or last.body.consent != TELEMETRY.CONSENT_YES:
        findings[SCREENING, session.name(), ""] = finding(session, MEDIUM)


def moment(message):
    return message.body.at_ts_ms if message.body.HasField("at_ts_ms") else message.ts


# --- certificates -------------------------------------------------------------------------------


def judge_operator(session, certificates, model, findings):
    # Open: a certificate that does not allow RF is none for an RF session.
    able = [c.body for c in holding(certificates, session.start)
            if name_of(c.body.operator_token) == session.operator
            and (session.modality != RF or c.body.rf_allowed)]
    held = [c for c in able if model in c.model]
    today = number_of(as_date(session.day()))
    if not held:
        findings[UNCERTIFIED, session.name(), ""] = finding(session, HIGH)
    elif not any(today <= c.valid_through_date for c in held):
        latest = max(c.valid_through_date for c in held)
        findings[EXPIRED, session.name(), ""] = finding(session, HIGH, today, latest)


def model_of(session, world):
    """As the device says of itself. Open: what it says first was so before, too."""
    hellos = sorted((m for m in world.messages
                     if m.kind == "hello" and m.source == session.source),
                    key=lambda m: m.order())
    before = [m for m in hellos if m.ts <= session.start]
    return before[-1].body.model if before else hellos[0].body.model


# --- all -----------------------------------------------------------------------------------------


def judge(world, sessions, findings, untold):
    """`untold`: of these (check, session) the rules do not say enough, whatever the ledger says."""
    for session in sessions:
        if session.operator != NOBODY:
            judge_operator(session, world.of("cert"), model_of(session, world), findings)
        if session.client == NOBODY:
            continue
        judge_screening(session, world, findings)
        flags = [o.body for o in holding(world.of("client_flags"), session.start)
                 if name_of(o.body.client_token) == session.client]
        if len(flags) != 1:  # none: a missing input (R16); two keys: which one?
            untold |= {(check, session.name()) for check in OF_FLAGS}
            continue
        judge_flags(session, flags[0], findings)
        judge_age(session, flags[0], findings)
        judge_washouts(session, flags[0], findings)
