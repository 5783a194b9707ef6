#!/usr/bin/python3
"""The smallest device: one session, in Python.  device.py HOST PORT ID CA CERTIFICATE KEY"""
import queue, secrets, ssl, sys, threading, time
import paho.mqtt.client as mqtt
import telemetry_pb2 as carepace  # protoc --python_out=. -I proto proto/telemetry.proto

host, port, name, ca, certificate, key = sys.argv[1:]
topic = f"carepace/v1/device/{name}/"
with open("boot", "a") as starts:  # a byte for each start: the number must rise with every one
    starts.write("+")
    boot = starts.tell()
started, seq, heard, subscribed = time.monotonic(), 0, queue.Queue(), threading.Event()

def say(body, **fields):
    """Until this returns the message is the device's; from then on it is on the gateway's disk."""
    global seq
    seq += 1  # without holes: a number that is missing is asked for
    now_ms = int((time.monotonic() - started) * 1000)
    up = carepace.Up(source=bytes.fromhex(name), boot=boot, seq=seq, ts_ms=int(time.time() * 1000),
                     mono_ms=now_ms, sent_mono_ms=now_ms)
    getattr(up, body).SetInParent()
    for field, value in fields.items():
        part = getattr(up, body)
        part.sample.extend(value) if field == "sample" else setattr(part, field, value)
    link.publish(topic + "up", up.SerializeToString(), qos=1).wait_for_publish()

version = [mqtt.CallbackAPIVersion.VERSION2] if hasattr(mqtt, "CallbackAPIVersion") else []
link = mqtt.Client(*version, client_id=name, clean_session=False, protocol=mqtt.MQTTv311)
link.tls_set(ca, certificate, key, tls_version=ssl.PROTOCOL_TLS_CLIENT)
link.on_connect = lambda *_: link.subscribe(topic + "down", qos=1)
link.on_subscribe = lambda *_: subscribed.set()
link.on_message = lambda _, __, message: heard.put(carepace.Down.FromString(message.payload))
link.connect(host, int(port), keepalive=60)
link.loop_start()
subscribed.wait(timeout=10) or sys.exit("no connection")

sid = secrets.token_bytes(16)
say("hello", model=101, kind=carepace.DEVICE_PEN, context=carepace.CONTEXT_CLINIC)
say("session_start", sid=sid, modality=carepace.MODALITY_PEN, zones=1 << carepace.CHEEK,
    client_token=b"client-17".ljust(16), operator_token=b"operator-4".ljust(16))
try:
    while (down := heard.get(timeout=2)).WhichOneof("body") != "verdict":
        pass
    print(carepace.Decision.Name(down.verdict.decision),
          *(carepace.Check.Name(item.check) for item in down.verdict.item))
except queue.Empty:
    print("no answer within 2 s: the device goes on by its own rules")
say("samples", sid=sid, sample=[carepace.Sample(dt_ms=1000 * i, zone=carepace.CHEEK, depth_um=1000,
                                                active_ms=900) for i in range(10)])
say("session_end", sid=sid, reason=carepace.END_COMPLETED, active_ms=9000)
link.disconnect()
