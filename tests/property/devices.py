"""Domain 8.5: what is due on a device, morning by morning (R6, R7, section 3)."""

from civil import EPOCH, day_of, morning
from courses import ALL
from eligibility import date_of
from inputs import holding, name_of

DUE_SOON, PM, CALIBRATION, ELEC_SAFETY, INSPECTION = "501", "502", "503", "504", "505"

# Section 3: the service, its field in DEVICE, days.
SERVICES = {
    PM: (3, "last_pm_date", 365),
    CALIBRATION: (4, "last_calibration_date", 365),
    ELEC_SAFETY: (5, "last_elec_safety_date", 365),
    INSPECTION: (2, "last_inspection_date", 31),
}
SOON_DAYS = 30
FAILED = 2
ERROR_MAX = 200  # CALIB_FAIL


def served_by(message):
    return name_of(message.body.device) if message.body.HasField("device") else message.source


def last_service(world, device, check, moment):
    """Civil day number; None: nobody knows. R16: an unknown date counts from the day on which
    the device went into service."""
    kind, field, _ = SERVICES[check]
    days = []
    for order in holding(world.of("device"), moment):
        if name_of(order.body.device) == device:
            date = getattr(order.body, field) or order.body.in_service_date
            days += [(date_of(date) - EPOCH).days] if date else []
    for m in world.said("maint"):
        is_done = (m.body.kind == kind and m.body.result != FAILED
                   and (check != CALIBRATION or m.body.measured_error_permille <= ERROR_MAX))
        if is_done and served_by(m) == device and m.ts <= moment:
            days.append(day_of(m.ts))
    return max(days, default=None)


def mornings(world):
    found, open_days = set(), set()
    devices = {name_of(o.body.device) for o in world.of("device")}
    devices |= {m.source for m in world.messages}
    for device in devices:
        news = [o for o in world.of("device") if name_of(o.body.device) == device]
        if len({o.key for o in news}) > 1:  # which of two keys?
            open_days.add((device, ALL))
            continue
        news += [m for m in world.said("maint") if served_by(m) == device]
        open_days |= {(device, morning(day_of(n.ts))) for n in news}
        for check, (_, _, allowed) in SERVICES.items():
            for day in days_of(world):
                last = last_service(world, device, check, morning(day))
                if last is not None and day > last + allowed:
                    found.add((check, device, morning(day)))
                if check == PM and last is not None and day >= last + allowed - SOON_DAYS:
                    found.add((DUE_SOON, device, morning(day)))
    return found, open_days


def days_of(world):
    first = day_of(min([m.ts for m in world.messages] + [o.ts for o in world.of("device")]))
    return [day for day in range(first, day_of(world.now) + 1) if morning(day) <= world.now]
