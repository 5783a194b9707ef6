"""Paho for Python 1 (Debian 12) and 2 (Debian 13)."""

import ssl

import paho.mqtt.client as mqtt


class _Client(mqtt.Client):
    """A TLS connection that ends while Paho 1 writes ends its thread, too, which then never comes
    back: it expects no such error there. It does expect one of the socket."""

    def _sock_send(self, *arguments):
        try:
            return super()._sock_send(*arguments)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as end:
            raise ConnectionResetError from end


def new_client(*names, **options):
    """Version 2 asks first which kind of callbacks it shall call."""
    if hasattr(mqtt, "CallbackAPIVersion"):
        names = (mqtt.CallbackAPIVersion.VERSION1, *names)
    return _Client(*names, **options)
