"""Domain 8.4: what was used and billed, morning by morning (R7)."""

from civil import EPOCH, day_of, morning
from eligibility import date_of
from inputs import holding
from sessions import NEVER

UNBILLED, UNUSED = "410", "411"
LOW = 2
DAYS = 2


def mornings_from(first, world):
    """Every 06:00 that has been, from that day on."""
    while morning(first) <= world.now:
        yield morning(first)
        first += 1


class Line:
    """What was said of one billing line of a cartridge."""

    def __init__(self, orders):
        self.said = sorted(orders, key=lambda o: (o.ts, o.n))

    def stands(self, at):
        return any(not o.body.credit for o in holding(self.said, at))

    def debits(self):
        return [o for o in self.said if not o.body.credit]


def first_exposures(sessions):
    """By cartridge: (day of the first use, its session, the first moment of any)."""
    uses = {}
    for session in sessions:
        for mount in session.mounts:
            if mount.is_exposed and mount.cart[1]:
                uses.setdefault(mount.cart, []).append(
                    (session.day(), mount.order, session, max(session.span[0], mount.at)))
    return {cart: (min(own)[0], min(own)[2], min(use[3] for use in own))
            for cart, own in uses.items()}


def settled_at(lines, world):
    """Since when a line stands, for good as far as it is known; NEVER: none does."""
    since = NEVER
    for at in sorted({o.ts for line in lines for o in line.said}):
        is_billed = any(line.stands(at) for line in lines)
        since = min(since, at) if is_billed else NEVER
    return since


def judge_unbilled(cart, use, lines, world, findings):
    day, session, _ = use
    for at in mornings_from(day + DAYS, world):
        if any(line.stands(at) for line in lines):
            continue
        findings[UNBILLED, "/".join(cart), session.name()] = {
            "from": at, "until": settled_at(lines, world), "severity": LOW,
            "value": day_of(at) - day, "limit": DAYS, "day": day_of(at)}
        return


def judge_unused(cart, number, line, exposed, world, findings):
    debits = line.debits()
    if not debits:
        return
    day = (date_of(debits[-1].body.local_date) - EPOCH).days
    for at in mornings_from(max(day + DAYS, day_of(debits[0].ts)), world):
        if at < debits[0].ts or exposed <= at or not line.stands(at):
            continue
        credited = min((o.ts for o in line.said if o.ts > at and not line.stands(o.ts)),
                       default=NEVER)
        findings[UNUSED, "/".join(cart), str(number)] = {
            "from": at, "until": min(exposed, credited), "severity": LOW,
            "value": day_of(at) - day, "limit": DAYS, "day": day_of(at)}
        return


def judge(world, sessions, findings):
    uses, said = first_exposures(sessions), {}
    for order in world.of("billing_line"):
        cart = order.body.gtin, order.body.serial
        said.setdefault(cart, {}).setdefault(order.body.line, []).append(order)
    for cart in uses.keys() | said.keys():
        lines = {number: Line(orders) for number, orders in said.get(cart, {}).items()}
        if cart in uses:
            judge_unbilled(cart, uses[cart], lines.values(), world, findings)
        for number, line in lines.items():
            exposed = uses[cart][2] if cart in uses else NEVER
            judge_unused(cart, number, line, exposed, world, findings)
