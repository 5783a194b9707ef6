"""A clinic for tests of trouble: a gateway, and a pen that must notice nothing of it."""

from types import SimpleNamespace

from gateway import Gateway


class Clinic:
    """The healthy pen works before, during and after; prove() says whether it did."""

    def __init__(self, gateway: Gateway, healthy):
        self.gateway = gateway
        self.healthy = healthy
        self._works()

    def _works(self):
        told = self.healthy.start()
        self.healthy.tell(self.healthy.hello(), told, self.healthy.samples(told.session_start.sid))

    def prove(self, line, **counters):
        """Exactly one log line like `line`, these counters and no more; everything else as usual."""
        self._works()
        assert self.healthy.losses == [], "the healthy device lost its connection"
        self.healthy.close()
        self.gateway.stop()
        said = self.gateway.logged(line)
        assert len(said) == 1, "\n".join(self.gateway.log)
        counts = self.gateway.counts()
        assert {name: counts.get(name, 0) for name in counters} == counters, counts
        stored = self.gateway.stored()
        lost = {name for name, digest in self.healthy.acked.items() if stored.get(name) != digest}
        assert not lost, f"acknowledged and not there: {lost}"
        return SimpleNamespace(line=said[0], counts=counts, stored=stored)
