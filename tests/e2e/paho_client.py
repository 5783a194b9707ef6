"""Paho for Python 1 (Debian 12) and 2 (Debian 13)."""

import paho.mqtt.client as mqtt


def new_client(*names, **options):
    """Version 2 asks first which kind of callbacks it shall call."""
    if hasattr(mqtt, "CallbackAPIVersion"):
        names = (mqtt.CallbackAPIVersion.VERSION1, *names)
    return mqtt.Client(*names, **options)
