"""Mosquitto's command line tools."""

import subprocess


class Mosquitto:
    """mosquitto_pub and mosquitto_sub as one device."""

    def __init__(self, gateway, device, version):
        self.device = device
        self._options = ["-h", "127.0.0.1", "-p", str(gateway.port), "-V", version,
                         "-i", device.hex, "--cafile", gateway.pki.ca, "--cert",
                         device.certificate, "--key", device.key]

    def publish(self, payload, qos, topic=None, options=(), limit_s=30):
        return subprocess.run(
            ["mosquitto_pub", *self._options, *options, "-q", str(qos), "-s",
             "-t", topic or f"carepace/v1/device/{self.device.hex}/up"],
            input=payload, capture_output=True, timeout=limit_s, check=False)

    def subscribe(self, count, seconds=20, options=()):
        """Prints `count` payloads in hexadecimal and ends."""
        return subprocess.Popen(
            ["mosquitto_sub", *self._options, *options, "-q", "1", "-C", str(count),
             "-W", str(seconds), "-F", "%t %q %x",
             "-t", f"carepace/v1/device/{self.device.hex}/down"],
            stdout=subprocess.PIPE, text=True)
