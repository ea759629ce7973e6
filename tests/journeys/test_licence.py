"""The licence half of S8: from the issuer's registry to a stranger's phone, which checks it online and offline, with no
visit."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import requests

from tests.county import ROOT
from tests.phone import SECONDS, Phone
from tests.town import Town


def test_feat_S8_a_licence_is_issued_delivered_and_checked_without_a_visit(town: Town, tmp_path: Path) -> None:
    person, phone, verifier = town.persona(), town.phone(), town.staff("verifier")
    held = phone.get("/me/credentials").json()
    assert held["missing"] == []
    licence = next(each for each in held["items"] if each["type"] == "driving-licence")
    assert licence["state"] == "valid"

    chosen = {"fields": ["name", "licence_class"], "minutes": 5}
    shown = phone.post(f"/me/credentials/{licence['id']}/presentations", chosen)
    assert shown.status_code == 201 and shown.json()["qr_svg"].startswith("<svg")
    code = {"code": shown.json()["code"]}
    found = verifier.post("/verifications", code).json()
    assert (found["valid"], found["fields"]["name"]) == (True, person["name"])
    assert set(found["fields"]) == {"name", "licence_class"}
    assert Phone(town.base_url).post("/verifications", code).json()["code"] == "TOKEN_MISSING"

    registry = f"{town.twin('vehicle_administration').url}/twin/licences"
    requests.put(registry, json={person["id_number"]: "suspended"}, timeout=SECONDS).raise_for_status()
    assert verifier.post("/verifications", code).json()["state"] == "suspended"
    requests.put(registry, json={person["id_number"]: "valid"}, timeout=SECONDS).raise_for_status()
    checks = phone.get(f"/me/credentials/{licence['id']}/checks").json()["items"]
    assert [each["by"] for each in checks] == ["verifier", "verifier"]

    copy = phone.post(f"/me/credentials/{licence['id']}/copies", {"purpose": "应聘驾驶员", "days": 30}).json()
    (tmp_path / "copy.pdf").write_bytes(phone.get(copy["file"].removeprefix("/api/v1")).content)
    (tmp_path / "copy.jws").write_text(copy["proof"], encoding="ascii")
    keys = requests.get(f"{town.base_url}/.well-known/hub-keys.json", timeout=SECONDS)
    (tmp_path / "keys.json").write_bytes(keys.content)
    good = _offline(tmp_path)
    assert good.returncode == 0, good.stderr
    told = json.loads(good.stdout)
    assert (told["purpose"], told["fields"]["licence_class"]) == ("应聘驾驶员", licence["fields"]["licence_class"])
    (tmp_path / "copy.pdf").write_bytes((tmp_path / "copy.pdf").read_bytes().replace(b"%PDF-1", b"%PDF-2", 1))
    assert _offline(tmp_path).returncode == 1


def _offline(folder: Path) -> subprocess.CompletedProcess[str]:
    """A stranger's machine: three files, and nothing that names a hub."""
    files = [str(folder / "copy.pdf"), "--proof", str(folder / "copy.jws"), "--keys", str(folder / "keys.json")]
    command = [sys.executable, "-m", "hub", "credentials", "verify", *files, "--json"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False, env={"PYTHONIOENCODING": "utf-8"}
    )
