"""How long one foreign certificate takes from the text of its QR to the verdict, among many trusted keys. No server: a
gate decides in its own process."""

from __future__ import annotations

import json
import os
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from hub.clock import Clock
from hub.database import Database
from hub.recognition.deciding import Deciding
from hub.recognition.desk import Desk
from hub.recognition.standing import Standing
from hub.settings import Secrets, Settings
from hub.signing import Signing
from tests.bench.rounds import Timing
from tests.bench.stand import Stand
from tests.bench.table import Row
from tests.configuration import written
from tests.county import ROOT
from tests.recognition.authority import Signer, content, listed
from tests.recognition.region import rule

_KEYS, _COUNTRIES, _TURNS, _MOST_MS = 2000, 40, 400, 3.0
_REGION = "360423"


def recognition(stand: Stand, timing: Timing) -> Iterator[Row]:
    """ES256 and PS256 by turns, each by a signer somewhere among the keys, all with a rule that reads two fields."""
    del timing
    with TemporaryDirectory() as folder:
        home, signing = Path(folder), Signing({"lists": "bench"})
        settings = _settings(home, signing)
        database = Database(stand.environ["HUB_DATABASE_URL"], pool_size=2)
        standing = Standing(database, Clock(), lambda: settings.now)
        signers = [Signer(_country(place % _COUNTRIES), kind) for place, kind in enumerate(["ec"] * 8 + ["rsa"] * 2)]
        _believe(database, Desk(standing, Clock()), signing, signers)
        deciding = Deciding(standing, Clock())
        codes = [_code(each) for each in signers]
        took = []
        for turn in range(_TURNS):
            began = time.perf_counter()
            verdict = deciding.decide(codes[turn % len(codes)]).verdict
            took.append((time.perf_counter() - began) * 1e3)
            assert verdict == "accepted", verdict
        known = sum(map(len, standing.now().trust.keys.values()))
        database.close()
    median = statistics.median(took)
    yield Row(
        "recognition", f"a foreign certificate decided, {known} trusted keys", f"{median:.2f} ms p50",
        target=f"≤ {_MOST_MS:.0f} ms", met=median <= _MOST_MS and known >= _KEYS,
        note=f"p99 {sorted(took)[int(_TURNS * 0.99)]:.2f} ms",
    )  # fmt: skip


def _settings(home: Path, signing: Signing) -> Settings:
    (home / "signers.json").write_text(json.dumps({"keys": signing.public()}), encoding="ascii")
    written(home / "config", {})
    shipped = yaml.safe_load((ROOT / "config" / "recognition.yaml").read_text(encoding="utf-8"))
    said = {**shipped, "region": _REGION, "signers": "file/signers.json"}
    (home / "config" / "recognition.yaml").write_text(yaml.safe_dump(said), encoding="utf-8")
    return Settings(home / "config", Secrets({"KEY": "x" * 32, **os.environ}, home), Clock())


def _believe(database: Database, desk: Desk, signing: Signing, signers: list[Signer]) -> None:
    """A list with the signers and as many other keys as it takes, and one rule that is in force."""
    now = datetime.now(UTC)
    issuers: list[dict[str, Any]] = [{"id": _country(place), "way": "dcc", "keys": []} for place in range(_COUNTRIES)]
    for place in range(_KEYS):
        signer = signers[place] if place < len(signers) else Signer(_country(place % _COUNTRIES))
        issuers[place % _COUNTRIES]["keys"].append(signer.entry)
    complete = {">=": [{"var": "payload.v.0.dn"}, {"var": "payload.v.0.sd"}]}
    made = rule(_REGION, Identifier=f"VR-{_REGION}-0001", Version=f"1.0.{int(now.timestamp()) % 9999}", Logic=complete,
                ValidFrom=now.isoformat(), AffectedFields=["payload.v.0.dn"])  # fmt: skip
    with database.session(patience=60) as session:
        desk.take_list(session, listed(signing, int(now.timestamp()), issuers, now + timedelta(days=3)), "bench")
        desk.propose(session, made, "bench", "bench", emergency=True)
        desk.confirm(session, made["Identifier"], made["Version"], "bench2")


def _code(signer: Signer) -> str:
    time_now = int(time.time())
    return signer.certificate(content(), iat=time_now - 60, exp=time_now + 86400)


def _country(place: int) -> str:
    return f"{chr(65 + place // 26)}{chr(65 + place % 26)}"
