"""Domain 8.4: consumables."""

from civil import EPOCH, day_of
from eligibility import as_date, date_of, number_of
from inputs import NOBODY

REUSE, EXPIRED = "401", "402"
HIGH, CRITICAL = 4, 5
ROLLER = 3


# --- CART_REUSE -------------------------------------------------------------------------------


def earlier_exposures(session, mount, sessions):
    """Open: where two visits overlap, the one that attached the cartridge first is
    the earlier one."""
    return [
        other
        for other in sessions
        if other.visit is not session.visit and any(
            m.cart == mount.cart and m.is_exposed and m.order < mount.order
            for m in other.mounts)
    ]


def is_continuation(session, mount, sessions):
    """Open: only what this visit did with the cartridge explains its pulses."""
    return any(
        m.cart == mount.cart and m.is_exposed and m.order < mount.order
        for other in sessions if other.visit is session.visit for m in other.mounts
    )


def judge_mount(session, mount, sessions):
    if not mount.cart[1]:
        return None  # CART_UNKNOWN instead
    exposures = earlier_exposures(session, mount, sessions)
    is_tip_used = mount.tip_used > 0 and not is_continuation(session, mount, sessions)
    if not exposures and not is_tip_used:
        return None
    is_same = bool(exposures) and session.client != NOBODY and all(
        other.client == session.client for other in exposures
    )
    return {
        "from": mount.at, "until": mount.until,
        "severity": HIGH if is_same else CRITICAL,
        # Open: the number of earlier visits, or what only the tip's counter knows.
        "value": len({id(other.visit) for other in exposures}) or mount.tip_used, "limit": 0,
        "latched": 0 if mount.is_replaced and not mount.is_exposed else 1,
        "day": day_of(session.start),
    }


def judge_reuse(sessions, findings):
    for session in sessions:
        if session.modality == ROLLER:
            continue  # ROLLER_LIFE instead
        for mount in session.mounts:
            finding = judge_mount(session, mount, sessions)
            if not finding:
                continue
            key = REUSE, session.name(), f"{mount.cart[0]}/{mount.cart[1]}#{mount.slot}"
            if key in findings:
                known = findings[key]
                known["until"] = max(known["until"], finding["until"])
                known["latched"] = max(known["latched"], finding["latched"])
            else:
                findings[key] = finding


# --- CART_EXPIRED ---------------------------------------------------------------------------


def judge_expired(sessions, findings):
    """R6: good through the date. One alert for a serial and slot (R9)."""
    for session in sessions:
        for mount in session.mounts:
            expiry = mount.said.expiry_yyyymmdd
            if not session.said or not expiry or session.day() <= (date_of(expiry) - EPOCH).days:
                continue
            key = EXPIRED, session.name(), f"{mount.cart[0]}/{mount.cart[1]}#{mount.slot}"
            findings.setdefault(key, {"from": mount.at, "severity": HIGH, "day": session.day()})
