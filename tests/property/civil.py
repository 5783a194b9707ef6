"""The clinic's calendar, as the oracle counts it (R1 to R7)."""

import datetime
from zoneinfo import ZoneInfo

CLINIC = ZoneInfo("Europe/Berlin")
UTC = datetime.timezone.utc
EPOCH = datetime.date(1970, 1, 1)


def day_of(ms):
    """R2: the civil day in the clinic, as a day number."""
    moment = datetime.datetime.fromtimestamp(ms // 1000, UTC).astimezone(CLINIC)
    return (moment.date() - EPOCH).days


MORNINGS = {}


def morning(day):
    """R7: 06:00 of a civil day."""
    if day not in MORNINGS:
        date = EPOCH + datetime.timedelta(days=day)
        local = datetime.datetime(date.year, date.month, date.day, 6, tzinfo=CLINIC)
        MORNINGS[day] = int(local.timestamp()) * 1000
    return MORNINGS[day]
