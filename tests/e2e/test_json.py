"""Our JSON against protobuf's own (google.protobuf.json_format), both ways."""

import json
import os
import random
import subprocess
from pathlib import Path

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor as Field

DRIVER = Path(os.environ["CAREPACE_BUILD_DIR"]) / "tests" / "json_driver"
MESSAGES = 400  # of each root
LISTS_MAX = 3

SPANS = {
    Field.TYPE_INT32: (-2**31, 2**31 - 1), Field.TYPE_SINT32: (-2**31, 2**31 - 1),
    Field.TYPE_UINT32: (0, 2**32 - 1), Field.TYPE_FIXED32: (0, 2**32 - 1),
    Field.TYPE_INT64: (-2**63, 2**63 - 1), Field.TYPE_SINT64: (-2**63, 2**63 - 1),
    Field.TYPE_UINT64: (0, 2**64 - 1), Field.TYPE_FIXED64: (0, 2**64 - 1),
}


class Driver:
    def __init__(self):
        self.process = subprocess.Popen([DRIVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, encoding="utf-8")

    def ask(self, what, name, text):
        self.process.stdin.write(f"{what} {name} {text}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().removesuffix("\n")

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(10) == 0


@pytest.fixture
def driver():
    made = Driver()
    yield made
    made.close()


@pytest.fixture
def roots(contract):
    return [contract.telemetry.Up, contract.telemetry.Down, contract.report.Report,
            contract.report.Order]


def some_value(rng, field):
    if field.type in SPANS:
        low, high = SPANS[field.type]
        return rng.choice([low, high, 0, 1, rng.randint(low, high)])
    if field.type == Field.TYPE_BOOL:
        return rng.random() < 0.5
    if field.type == Field.TYPE_ENUM:
        return rng.choice(field.enum_type.values).number
    if field.type == Field.TYPE_STRING:
        return "".join(rng.choice('aZ9/"\\\b\n\t\x01é€😀 ') for _ in range(rng.randint(0, 12)))
    assert field.type == Field.TYPE_BYTES
    return rng.randbytes(rng.choice([0, 1, 2, 3, 16, 31]))


def fill(rng, message):
    """Any of its fields; of each oneof one at most, the last one."""
    for field in message.DESCRIPTOR.fields:
        is_list = field.label == Field.LABEL_REPEATED
        if field.label != Field.LABEL_REQUIRED and rng.random() < 0.4:
            continue
        for _ in range(rng.randint(1, LISTS_MAX) if is_list else 1):
            if field.type == Field.TYPE_MESSAGE:
                part = getattr(message, field.name)
                part = part.add() if is_list else part
                part.SetInParent()
                fill(rng, part)
            elif is_list:
                getattr(message, field.name).append(some_value(rng, field))
            else:
                setattr(message, field.name, some_value(rng, field))
    return message


def test_what_we_print_is_what_protobuf_prints(driver, roots):
    rng = random.Random(1)
    for root in roots:
        for _ in range(MESSAGES):
            message = fill(rng, root())
            ours = driver.ask("print", root.DESCRIPTOR.name, message.SerializeToString().hex())
            assert json.loads(ours) == json.loads(json_format.MessageToJson(message))


@pytest.mark.parametrize("style", [{}, {"preserving_proto_field_name": True},
                                   {"use_integers_for_enums": True}])
def test_what_protobuf_prints_is_what_we_read(driver, roots, style):
    rng = random.Random(2)
    for root in roots:
        for _ in range(MESSAGES):
            message = fill(rng, root())
            text = json_format.MessageToJson(message, indent=None, **style)
            read = driver.ask("read", root.DESCRIPTOR.name, text)
            assert root.FromString(bytes.fromhex(read)) == message


ORDER = {"hqEpoch": 1, "n": 2, "tsMs": "3", "key": "plan:1", "revision": "4"}


def plan(**more):
    return {**ORDER, "plan": {"course": "7", "clientToken": "AAAAAAAAAAAAAAAAAAAAAA==",
                              "band": "BAND_MILD", "state": "PLAN_ACTIVE", **more}}


@pytest.mark.parametrize("order", [
    plan(minDays=28), plan(minDays="28"), plan(minDays=28.0), plan(minDays=2.8e1),
    plan(minDays=None), plan(min_days=28), plan(band=2),
    plan(clientToken="AAAAAAAAAAAAAAAAAAAAAA"), plan(clientToken="-_-_"), plan(course=7),
    {**plan(), "cert": None},
])
def test_what_protobuf_takes_we_take(driver, contract, order):
    text = json.dumps(order)
    read = driver.ask("read", "Order", text)
    expected = json_format.Parse(text, contract.report.Order())
    assert contract.report.Order.FromString(bytes.fromhex(read)) == expected


@pytest.mark.parametrize("text, why", [
    ("", "line 1, column 0: it is not JSON"),
    ('{"n": 1', "line 1, column 7: it is not JSON"),
    ('{"n": 1, "n": 2}', "line 1, column 12: a key stands twice"),
    ("[]", "expected an object, found a list"),
    ("{}", "hqEpoch: expected a value, found nothing"),
    ('{"hqEpoch": null}', "hqEpoch: expected a value, found nothing"),
    ('{"SECRET": 1}', "expected names that this version knows, found another one"),
    ('{"tsMs": "1", "ts_ms": "2"}',
     "tsMs: expected one value, found a second one under its other name"),
    (json.dumps({**plan(), "cert": {}}), "cert: expected one body, found another one beside it"),
    (json.dumps(plan(minDays=-1)),
     "plan.minDays: expected a whole number from 0 to 4294967295, found another one"),
    (json.dumps(plan(minDays=4294967296)),
     "plan.minDays: expected a whole number from 0 to 4294967295, found another one"),
    (json.dumps(plan(minDays=2.5)),
     "plan.minDays: expected a whole number from 0 to 4294967295, found another one"),
    (json.dumps(plan(minDays="SECRET")),
     "plan.minDays: expected a whole number from 0 to 4294967295, found text"),
    (json.dumps(plan(course="18446744073709551616")),
     "plan.course: expected a whole number from 0 to 18446744073709551615, found text"),
    (json.dumps(plan(band="SECRET")),
     "plan.band: expected a name that this version knows, found another one"),
    (json.dumps(plan(clientToken="SECRET!!")), "plan.clientToken: expected base64, found other text"),
    (json.dumps(plan(clientToken="A")), "plan.clientToken: expected base64, found other text"),
    (json.dumps(plan(clientToken=7)), "plan.clientToken: expected base64, found a number"),
    (json.dumps({**ORDER, "key": 7}), "key: expected text, found a number"),
    (json.dumps({**ORDER, "withdrawn": "true"}), "withdrawn: expected true or false, found text"),
    (json.dumps({**ORDER, "policy": {"setting": 7}}),
     "policy.setting: expected a list, found a number"),
])
def test_what_is_refused_is_named_and_never_quoted(driver, text, why):
    assert driver.ask("read", "Order", text) == f"! {why}"
    assert "SECRET" not in why
