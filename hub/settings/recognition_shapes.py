"""What the checked config/recognition.yaml looks like in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hub.settings.health_code_shapes import GRADES

Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """`way` facts (a region's envelopes) or dcc (EU certificates). `keys` names the JWK set; in force, it holds it."""

    name: Text
    way: str
    keys: str
    scope: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recognition:
    """`region` is under whose rules this hub decides (empty: hub.yaml's). `signers` are the public keys of whoever
    signs the trust list; empty: there is none; at `list_url` hub work looks for a newer one. Hours: how long the last
    look is good, and how long before an end there is an alarm."""

    region: str = ""
    grades: tuple[str, ...] = GRADES
    issuers: Mapping[str, TrustedIssuer] = field(default_factory=dict)
    signers: str = ""
    list_url: str = ""
    snapshot_hours: int = 24
    alarm_hours: int = 24
    portable_minutes: int = 10
    keep_days: int = 30
    consent_version: str = "1"
    consent: Text = field(default_factory=dict)
    advice: Mapping[str, Text] = field(default_factory=dict)
