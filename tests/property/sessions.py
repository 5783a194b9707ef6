"""Sessions, their cartridges and visits, derived as domain.md says (R2, R12, R13, R23)."""

from dataclasses import dataclass, field

from civil import day_of
from inputs import NOBODY, Message, name_of

MINUTE = 60_000
HOUR = 60 * MINUTE
NEVER = 2**63 - 1

VISIT = 120 * MINUTE  # R13
LOST_AFTER = 4 * HOUR  # SESSION_ORPHAN
COMPLETED_ACTIVE_MS = 300_000  # R12
COMPLETED_PULSES = 50  # R12
END_COMPLETED = 1


@dataclass
class Mount:
    """A cartridge in a slot, from its attach on."""

    cart: tuple
    slot: int
    tip_used: int
    at: int
    said: object  # the cartridge as the attach tells it
    until: int = NEVER
    is_replaced: bool = False
    is_exposed: bool = False
    order: tuple = ()


@dataclass
class Session:
    sid: str
    source: str
    messages: list
    order: tuple = ()
    start: int = 0
    end: int = 0
    client: str = NOBODY
    operator: str = NOBODY
    said: object = None  # its START
    ended: Message = None  # its END
    course: int = 0
    modality: int = 0
    zones: int = 0
    is_active: bool = False
    is_lost: bool = False
    is_exposing: bool = False
    is_completed: bool = False
    span: tuple = None
    mounts: list = field(default_factory=list)
    visit: object = None

    def name(self):
        return f"{self.sid}/{self.source}"

    def day(self):
        return day_of(self.start)


def entries(message):
    if message.kind == "samples":
        return message.body.sample
    return message.body.pulse if message.kind == "pulses" else []


def last_moment(message):
    """Open: a batch of samples lasts until its last sample."""
    return max([message.ts] + [message.ts + entry.dt_ms for entry in entries(message)])


def exposing_moments(messages):
    return [m.ts + entry.dt_ms for m in messages for entry in entries(m)
            if m.kind == "pulses" or entry.active_ms > 0]


def next_start(session, starts):
    """R23: the device's first START of another session after this one began.

    Open: a test is a START too, the device treats nobody else meanwhile.
    """
    later = [
        m.ts
        for m in starts
        if m.source == session.source and m.sid != session.sid
        and m.order() > session.order
    ]
    return min(later, default=NEVER)


def derive_times(session, device_starts, now):
    starts = [m for m in session.messages if m.kind == "session_start"]
    ends = [m for m in session.messages if m.kind == "session_end"]
    first = min(starts or session.messages, key=Message.order)
    session.order = first.order()
    session.start = first.ts
    if starts:
        session.said = first.body
        session.client = name_of(first.body.client_token)
        session.operator = name_of(first.body.operator_token)
        session.course = first.body.course
        session.modality = first.body.modality
        session.zones = first.body.zones
    if ends:
        last = max(ends, key=Message.order)
        session.end = last.body.end_ts_ms if last.body.HasField("end_ts_ms") else last.ts
        return last
    # Open: an emergency stop ends the session until an END says when it ended; one from
    # before its START as it began.
    stops = [m for m in session.messages if m.kind == "estop"]
    if stops:
        session.end = max(session.start, min(stops, key=Message.order).ts)
        session.is_lost = True
        return None
    session.end = max(last_moment(m) for m in session.messages)
    lost_at = min(session.end + LOST_AFTER, next_start(session, device_starts))
    session.is_lost = now >= lost_at
    session.is_active = not session.is_lost
    return None


def derive_exposure(session, end):
    """R12."""
    moments = exposing_moments(session.messages)
    streams = [(m.kind, entry) for m in session.messages for entry in entries(m)]
    active_ms = sum(entry.active_ms for kind, entry in streams if kind == "samples")
    pulses = sum(kind == "pulses" for kind, _ in streams)
    if end:
        # Open: a sum that the END leaves out is missing, not zero: the stream's counts.
        active_ms = max(active_ms, end.body.active_ms)
        pulses = max(pulses, end.body.pulses)
        # Open: a session that was stopped is not completed, whatever its END says.
        is_stopped = any(m.kind == "estop" for m in session.messages)
        session.is_completed = end.body.reason == END_COMPLETED and not is_stopped and (
            active_ms >= COMPLETED_ACTIVE_MS or pulses >= COMPLETED_PULSES
        )
    session.is_exposing = active_ms > 0 or pulses > 0 or session.is_lost
    if moments:
        session.span = (min(moments), max(moments))
    elif session.is_exposing:
        session.span = (session.start, session.end)


def derive_mounts(session):
    """Who sits in which slot, message by message."""
    for message in sorted(session.messages, key=Message.order):
        if message.kind not in ("cart_attach", "cart_detach"):
            continue
        slot, cart = message.body.slot, message.body.cart
        for mount in session.mounts:
            if mount.slot == slot and mount.until == NEVER:
                mount.until = message.ts
                mount.is_replaced = True
        if message.kind == "cart_attach":
            session.mounts.append(
                Mount((cart.gtin, cart.serial), slot, message.body.tip_used, message.ts, cart,
                      order=message.order()))
    for mount in session.mounts:
        if session.span:
            first, last = session.span
            mount.is_exposed = mount.at <= last and mount.until >= first
        if mount.until == NEVER and not session.is_active:
            mount.until = max(session.end, mount.at)


def is_test(name, starts):
    """R22. Open: the START says so for all of its session."""
    own = [m for m in starts if (m.source, m.sid) == name]
    return bool(own) and min(own, key=Message.order).is_test


def derive_sessions(messages, now):
    by_name = {}
    device_starts = [m for m in messages if m.kind == "session_start"]
    for message in messages:
        name = message.source, message.sid
        if message.sid != NOBODY and not message.is_test and not is_test(name, device_starts):
            by_name.setdefault(name, []).append(message)
    sessions = []
    for (source, sid), own in by_name.items():
        session = Session(sid, source, own)
        session.ended = derive_times(session, device_starts, now)
        derive_exposure(session, session.ended)
        derive_mounts(session)
        sessions.append(session)
    sessions.sort(key=lambda s: s.order)
    return sessions


# --- visits (R13) ----------------------------------------------------------------------------


def derive_visits(sessions):
    for i, session in enumerate(sessions):
        session.visit = session
        if session.client == NOBODY:
            continue
        for earlier in sessions[:i]:
            if earlier.client != session.client or earlier.is_completed:
                continue
            if session.start <= earlier.end + VISIT:
                session.visit = earlier.visit
