"""From a code to a verdict: read, believed or not, and ruled on by this region's rules. Writes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.clock import Clock
from hub.errors import Problem
from hub.recognition import envelope
from hub.recognition.carried import Carried, Fact
from hub.recognition.dcc import Certificates
from hub.recognition.refusal import Refused, Unusable
from hub.recognition.rules import Ruling, Verdict, in_force, rule_on
from hub.recognition.standing import Stand, Standing


@dataclass(frozen=True, slots=True)
class Decision:
    """`carried` is there where the signature held, whatever the rules say."""

    verdict: Verdict
    reason: str
    at: datetime
    issuer: str = ""
    rule_version: str = ""
    rules: tuple[str, ...] = ()
    trust_version: int = 0
    offline: bool = False
    carried: Carried | None = None

    @property
    def facts(self) -> Sequence[Fact]:
        return self.carried.facts if self.carried else ()


class Deciding:
    """Everything it needs is in memory: PostgreSQL may be away."""

    def __init__(self, standing: Standing, clock: Clock) -> None:
        self._standing, self._clock = standing, clock
        self._certificates = Certificates()

    def decide(self, code: str) -> Decision:
        """Raises QR_INVALID for what is no code of another region at all."""
        stand, now = self._standing.now(), self._clock.now()
        known = {"at": now, "trust_version": stand.trust.version, "offline": stand.offline}
        try:
            if stand.is_stale(now):
                raise Unusable("SNAPSHOT_STALE")
            carried = self._read(code, stand, now)
        except Unusable as unusable:
            return Decision("technical_error", unusable.reason, **known)  # type: ignore[arg-type]
        except Refused as refused:
            return Decision("not_accepted", refused.reason, issuer=refused.issuer, **known)  # type: ignore[arg-type]
        ruling = _ruled(carried, stand, now)
        return Decision(ruling.verdict, ruling.reason, issuer=carried.issuer.id, rule_version=ruling.rule_version,
                        rules=ruling.rules, carried=carried, **known)  # type: ignore[arg-type]  # fmt: skip

    def _read(self, code: str, stand: Stand, now: datetime) -> Carried:
        trust = stand.believed(now)
        try:
            if code[:2] == "HC" and code[2:3].isdigit() and code[3:4] == ":":
                return self._certificates.read(code, trust, now)
            if envelope.SHAPE.fullmatch(code):
                return _for_us(envelope.read(code, trust, now), stand.region)
        except Refused as refused:
            if refused.reason == "PEER_KEY_UNKNOWN" and stand.list_is_stale(now):
                raise Unusable("TRUST_LIST_STALE") from None
            raise
        raise Problem("QR_INVALID")


def _for_us(carried: Carried, region: str) -> Carried:
    if carried.audience and region not in carried.audience:
        raise Refused("PEER_AUDIENCE", carried.issuer.id)
    return carried


def _ruled(carried: Carried, stand: Stand, now: datetime) -> Ruling:
    rules = in_force(stand.rules, stand.region, now)
    return rule_on(carried, rules, stand.region, stand.settings.grades, now, stand.trust.value_sets)
