"""Proofs as an outsider checks them: with the script that is handed out, the public keys, and nothing of the hub."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.database import Database
from hub.errors import Problem
from hub.ledger import checking_proofs
from hub.ledger.proofs import Proofs
from tests.ledger.log import ORIGIN, Log, signer, witness

SCRIPT = Path(checking_proofs.__file__)


@dataclass
class Desk:
    log: Log
    folder: Path
    keys: dict[str, Any]

    def proof(self, id: Any, since: int = 0) -> dict[str, Any]:
        with self.log.store.session() as session:
            return Proofs(self.log.evidence).of(session, id, since)

    def check(self, proof: dict[str, Any], *more: str) -> tuple[int, str]:
        (self.folder / "keys.json").write_text(json.dumps(self.keys))
        (self.folder / "proof.json").write_text(json.dumps(proof))
        argv = [sys.executable, "-I", str(SCRIPT), "keys.json", "proof.json", *more]
        done = subprocess.run(argv, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def faults(self, proof: dict[str, Any], old: Any = None) -> list[str]:
        """The same in this process, for speed."""
        try:
            return list(checking_proofs.faults(proof, self.keys, old))
        except SystemExit as wrong:
            return [str(wrong)]


@pytest.fixture(scope="module")
def desk(make_database: Any, tmp_path_factory: Any) -> Iterator[Desk]:
    folder, store = tmp_path_factory.mktemp("desk"), Database(make_database())
    with witness(folder / "audit", "audit") as (_, one), witness(folder / "county", "county") as (_, other):
        log = Log.over(store, folder / "home", {"audit": one, "county": other})
        keys = {
            "origin": ORIGIN, "log": str(log.key()), "receipts": {ORIGIN: signer().public.hex()},
            "witnesses": {"audit": str(one.key), "county": str(other.key)},
        }  # fmt: skip
        yield Desk(log, folder, keys)
    store.close()


def test_the_script_is_short_and_needs_no_hub() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert text.count("\n") <= 150 and "hub." not in text.replace("hub.\n", "").replace("of the hub.", "")


def test_an_outsider_checks_a_proof_feat_K4(desk: Desk) -> None:
    ids = [desk.log.shared() for _ in range(5)]
    desk.log.checkpoints.make()
    code, told = desk.check(desk.proof(ids[2]))
    assert (code, told.strip()) == (0, "GOOD")
    wrong = desk.proof(ids[2])
    wrong["leaves"][0]["leaf"] = wrong["leaves"][0]["leaf"][:-2] + "00"
    code, told = desk.check(wrong)
    assert code == 1 and "is not in the log" in told


def changed(proof: dict[str, Any], *way: Any, to: Any) -> dict[str, Any]:
    copy = json.loads(json.dumps(proof))
    at = copy
    for each in way[:-1]:
        at = at[each]
    at[way[-1]] = to(at[way[-1]])
    return dict(copy)


def flip(text: str) -> str:
    """One character near the end of a hexadecimal text."""
    return text[:-3] + ("0" if text[-3] != "0" else "1") + text[-2:]


@pytest.mark.parametrize(
    ("way", "to", "says"),
    [
        (("leaves", 0, "leaf"), flip, "not in the log"),
        (("leaves", 0, "number"), lambda number: number + 1, "not in the log"),
        (("leaves", 1, "path", 0), flip, "not in the log"),
        (("leaves", 0, "statement"), flip, "not of this statement"),
        (("leaves", 0, "salt"), flip, "not of this statement"),
        (("receipts", 0, "cose"), flip, "receipt"),
        (("exchange_id",), lambda _: "00000000-0000-4000-8000-000000000000", "another exchange"),
        (("checkpoint",), lambda note: note.replace("\n\n", "0\n\n", 1), "not signed"),
        (("checkpoint",), lambda note: note[: note.rindex("—")], "1 witnesses"),
        (("checkpoint",), lambda note: note[: note.index("— audit")], "0 witnesses"),
    ],
)
def test_whatever_is_changed_is_seen(desk: Desk, way: Any, to: Any, says: str) -> None:
    id = desk.log.shared()
    desk.log.checkpoints.make()
    proof = desk.proof(id)
    assert desk.faults(proof) == []
    assert any(says in each for each in desk.faults(changed(proof, *way, to=to)))


def test_a_later_log_continues_the_earlier_one(desk: Desk) -> None:
    desk.log.shared()
    old = desk.log.checkpoints.make()
    for _ in range(3):
        id = desk.log.shared()
    desk.log.checkpoints.make()
    proof, known = desk.proof(id, since=old.size), checking_proofs.opened(old.note, desk.keys)
    assert proof["consistency"]["path"] and desk.faults(proof, known) == []
    assert any("no longer" in each for each in desk.faults(proof, (old.size, bytes(32))))


def test_no_proof_before_there_is_a_checkpoint(desk: Desk) -> None:
    id = desk.log.shared()
    with pytest.raises(Problem) as met:
        desk.proof(id)
    assert met.value.code == "PROOF_PENDING"
    desk.log.sequencer.round()
    with pytest.raises(Problem) as met:
        desk.proof(id)
    assert met.value.code == "PROOF_PENDING"
