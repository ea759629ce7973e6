"""S14 and S12 (as far as one hub goes): data is asked for, met with silence, granted, exported and leaked; and a record
goes to another province under an agreement. Over HTTP alone, with a clock that is moved; the job of `hub work` is rung.

What needs two hubs of S12 is named in docs/data-sharing.md.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine import make_url
from werkzeug.serving import make_server

from hub.ledger.canaries import AREA
from tests.cases.conftest import Hall, hall
from tests.credentials.conftest import Person
from tests.ledger.test_api import witnesses
from tests.sharing.conftest import CLASSES, MARRIAGE
from tests.sharing.people import PEOPLE, columns

__all__ = ["hall", "witnesses"]
FIELDS = ["name", "id_number", "marital_status"]
PURPOSE, BASIS, CASE = "核验困难学生家庭情况", "政务数据共享条例", "360423202611250000017"
OTHER_PROVINCE = "zhejiang_civil_affairs"
MACHINE_S = 300  # X4: the answer to a leak
FILE = 500


@pytest.fixture(scope="module")
def room(hall: Hall) -> Hall:
    """The hall, with the county's catalogue: also where the witnesses look for their log. The clock is never put back:
    no checkpoint is older than the last."""
    (hall.hub.home / "ledger" / "leaves").unlink(missing_ok=True)  # other hubs of these tests had other databases
    with hall.hub.database.session() as session:
        hall.hub.sharing.resources.take(session, CLASSES, hall.hub.settings.now.departments)
    return hall


def of(hall: Hall, office: str) -> Person:
    return hall.officer("data", office, "data_officer")


def asked(hall: Hall, office: str, days: int = 30, basis: str = BASIS, **more: Any) -> dict[str, Any]:
    body = {"resource": MARRIAGE, "fields": FIELDS, "purpose": PURPOSE, "basis": basis, "days": days, **more}
    told = of(hall, office).post("/data/requests", body)
    assert told.status_code == 201, told.text
    made: dict[str, Any] = told.json
    return made


def decided(hall: Hall, office: str, id: str, decision: str = "approve") -> str:
    told = of(hall, office).post(f"/data/requests/{id}/decisions", {"decision": decision})
    assert told.status_code == 200, told.text
    return str(told.json["status"])


def rounds(hall: Hall, until: str) -> None:
    """A minute after a day by which somebody had to decide, `hub work` looks; its checkpoints go on being cosigned."""
    hall.later(until=datetime.fromisoformat(until) + timedelta(minutes=1))
    hall.hub.ledger.checkpoints.make()
    with hall.hub.database.session() as session:
        hall.hub.exchange.count_silence(session)


def granted(hall: Hall, office: str, **more: Any) -> str:
    id = str(asked(hall, office, **more)["id"])
    assert [decided(hall, each, id) for each in ("data_bureau", "civil_affairs")] == ["owner", "granted"]
    return id


def silent_but_granted(hall: Hall, office: str) -> None:
    """Two working days for the review, five for the owner, who says nothing: counted, and decided upward."""
    request = asked(hall, office)
    owed = of(hall, "data_bureau").get("/data/statistics").json["departments"]
    before = next(each["silent"] for each in owed if each["department"] == "civil_affairs")
    workdays, now = hall.hub.workdays, hall.clock.now()
    assert datetime.fromisoformat(request["review_due"]) == workdays.after(now, 2)
    assert decided(hall, "data_bureau", request["id"]) == "owner"
    due = of(hall, office).get(f"/data/requests/{request['id']}").json["owner_due"]
    assert datetime.fromisoformat(due) == workdays.after(now, 5)
    early = of(hall, "gov_office").post(f"/data/requests/{request['id']}/decisions", {"decision": "approve"})
    assert early.status_code == 404, "upward only what was met with silence"
    rounds(hall, due)
    told = of(hall, office).get(f"/data/requests/{request['id']}").json
    assert (told["status"], told["silent"], told["raised_to"]) == ("owner", 1, "gov_office")
    found = of(hall, office).get("/data/statistics").json["departments"]
    assert next(each["silent"] for each in found if each["department"] == "civil_affairs") == before + 1
    assert decided(hall, "gov_office", request["id"]) == "granted"


def one(hall: Hall, office: str, person: dict[str, str], **more: Any) -> Any:
    body = {"subject": person, "purpose": PURPOSE, "case_no": CASE, **more}
    return of(hall, office).post(f"/data/resources/{MARRIAGE}/queries", body)


def exported(hall: Hall, office: str, people: list[dict[str, str]]) -> tuple[str, list[dict[str, str]]]:
    """A file's id and its rows."""
    body = {"subjects": columns(people), "purpose": PURPOSE, "case_no": CASE}
    told = of(hall, office).post(f"/data/resources/{MARRIAGE}/batches", body)
    assert told.status_code == 202, told.text
    hall.hub.batches.run(lambda: False, told.json["id"])
    batch = of(hall, office).get(f"/data/batches/{told.json['id']}").json
    assert (batch["status"], batch["given"]) == ("done", len(people)), batch
    text = of(hall, office).get(f"/data/batches/{batch['id']}/file").text
    return batch["id"], list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))


def investigated(hall: Hall, values: list[str]) -> dict[str, Any]:
    began = time.monotonic()
    told = hall.of("auditor").post("/ledger/investigations", {"values": values})
    assert told.status_code == 200 and time.monotonic() - began < MACHINE_S, told.text
    found: dict[str, Any] = told.json
    return found


@contextlib.contextmanager
def listening(hall: Hall) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, hall.client.application, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/api/v1/ledger"
    finally:
        server.shutdown()
        server.server_close()


def outsider(hall: Hall, folder: Path, *more: str) -> tuple[int, str]:
    """A process that has the script that is handed out and the public keys, and nothing of ours."""
    (folder / "checking.py").write_text(hall.anyone().get("/ledger/checking_proofs.py").text, encoding="utf-8")
    (folder / "keys.json").write_text(hall.anyone().get("/ledger/keys").text, encoding="utf-8")
    assert (folder / "checking.py").read_text(encoding="utf-8").count("\n") <= 150
    argv = [sys.executable, "-I", "checking.py", "keys.json", *more]
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    return done.returncode, done.stdout.strip() + done.stderr


def as_superuser(hall: Hall, statement: str, *values: Any) -> Any:
    """Whom no trigger holds."""
    url = make_url(hall.hub.database.url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as connection:
        connection.execute("SET session_replication_role = replica")
        return connection.execute(statement, values).fetchone()  # type: ignore[call-overload]


def removed(hall: Hall, place: int) -> bytes:
    """One line of the log, the later ones moved up and the last said twice; what stood there."""
    kept: bytes = as_superuser(
        hall,
        "UPDATE ledger_tile AS now SET hashes = substr(now.hashes, 1, %s) || substr(now.hashes, %s)"
        " || substr(now.hashes, length(now.hashes) - 31) FROM ledger_tile AS old"
        " WHERE now.level = 0 AND now.number = 0 AND old.level = 0 AND old.number = 0 RETURNING old.hashes",
        place * 32,
        place * 32 + 33,
    )[0]
    return kept


def leaked_and_answered(hall: Hall, folder: Path, people: int, alone: int) -> None:
    """So many in files of one department, and some of them asked for one by one by another."""
    silent_but_granted(hall, "education")
    granted(hall, "health_commission", fields=FIELDS)
    parts = [PEOPLE[place : min(place + FILE, people)] for place in range(0, people, FILE)]
    files = [exported(hall, "education", part) for part in parts]
    for person in PEOPLE[3 : 3 + alone]:
        assert one(hall, "health_commission", person).status_code == 200
    hall.hub.ledger.checkpoints.make()
    file, rows = files[0]
    planted = [row for row in rows if row["id_number"].startswith(AREA)]
    leak = [*[row for row in rows if row not in planted][:5], planted[0]]
    told = investigated(hall, [value for row in leak for name, value in row.items() if name != "exchange_id"])
    assert [(each["user"], each["file"]) for each in told["canaries"]] == [("education", file)]
    assert told["canaries"][0]["officer"].startswith("education/")
    assert told["takers"][0]["user"] == "education" and told["takers"][0]["likelihood"] > 0.9
    assert told["complete"]["intact"] and len(told["complete"]["witnesses"]) == 2 and told["notice"]["kinds"]
    plain = investigated(hall, [value for row in leak[:5] for value in (row["name"], row["id_number"])])
    assert plain["takers"][0]["user"] == "education" and plain["canaries"] == [], "without the canary too"
    assert "health_commission" in [each["user"] for each in plain["takers"]]
    proven_outside(hall, folder, told["exchanges"][0]["exchange_id"])


def proven_outside(hall: Hall, folder: Path, exchange_id: str) -> None:
    """Everything verifies; one line less is seen, by who looked before and by who looks for the first time."""
    proof = hall.of("auditor").get(f"/ledger/proofs/{exchange_id}").json
    (folder / "proof.json").write_text(json.dumps(proof), encoding="utf-8")
    assert outsider(hall, folder, "proof.json") == (0, "GOOD")
    with listening(hall) as url:
        assert outsider(hall, folder, "--tiles", url, "--seen", "seen") == (0, "GOOD")
        kept = removed(hall, 17)
        try:
            assert outsider(hall, folder, "--tiles", url, "--seen", "seen") == (1, "WRONG: leaf 17 is not what it was")
            code, told = outsider(hall, folder, "--tiles", url)
            assert code == 1 and "do not give the root that was signed" in told
        finally:
            as_superuser(hall, "UPDATE ledger_tile SET hashes = %s WHERE level = 0 AND number = 0 RETURNING 1", kept)
        assert outsider(hall, folder, "--tiles", url, "--seen", "seen") == (0, "GOOD")


def test_S14_feat_X4_feat_X5_feat_X7_a_leak_names_who_exported_it(room: Hall, witnesses: Any, tmp_path: Path) -> None:
    leaked_and_answered(room, tmp_path, people=48, alone=12)


@pytest.mark.drill
def test_S14_feat_X4_after_a_thousand_exchanges(room: Hall, witnesses: Any, tmp_path: Path) -> None:
    leaked_and_answered(room, tmp_path, people=900, alone=100)


def test_S12_feat_K3_feat_X6_a_marriage_record_for_another_province(room: Hall, witnesses: Any) -> None:
    hall, person = room, PEOPLE[0]
    told = one(hall, OTHER_PROVINCE, person)
    assert (told.status_code, told.json["code"]) == (403, "GRANT_MISSING"), "denied by default"
    granted(hall, OTHER_PROVINCE, days=90, basis="浙赣婚姻登记数据共享协议 2026-03 第四条")
    (right,) = of(hall, OTHER_PROVINCE).get("/data/grants").json["items"]
    assert (right["resource"], right["fields"]) == (MARRIAGE, FIELDS)
    ends = datetime.fromisoformat(right["valid_until"]) - datetime.fromisoformat(right["granted_at"])
    assert ends == timedelta(days=90)
    given = one(hall, OTHER_PROVINCE, person)
    assert given.status_code == 200 and [set(row) for row in given.json["rows"]] == [set(FIELDS)]
    for code, more in (
        ("GRANT_PURPOSE", {"purpose": "催收欠款"}), ("GRANT_FIELD", {"fields": ["name", "spouse_id"]}),
        ("CASE_NO_REQUIRED", {"case_no": ""}),
    ):  # fmt: skip
        refused = one(hall, OTHER_PROVINCE, person, **more)
        assert (refused.status_code, refused.json["code"]) == (403, code)
    other = one(hall, OTHER_PROVINCE, person).json["exchange_id"]
    both_hold(hall, given.json["exchange_id"])
    hall.later(days=91)
    late = one(hall, OTHER_PROVINCE, person)
    assert (late.status_code, late.json["code"]) == (403, "GRANT_EXPIRED")
    assert of(hall, OTHER_PROVINCE).get(f"/ledger/entries/{other}").status_code == 200, "what was, can be shown"


def both_hold(hall: Hall, exchange_id: str) -> None:
    """The same signed record, to whom it concerns and to nobody else."""
    hall.hub.ledger.checkpoints.make()
    ends = [of(hall, office) for office in ("civil_affairs", OTHER_PROVINCE)]
    proofs = [each.get(f"/ledger/proofs/{exchange_id}").json for each in ends]
    assert proofs[0] == proofs[1] and [each["party"] for each in proofs[0]["receipts"]] == ["P"]
    entries = [each.get(f"/ledger/entries/{exchange_id}").json for each in ends]
    said = entries[0]["statement"]
    assert entries[0] == entries[1] and (said["supplier"], said["user"]) == ("civil_affairs", OTHER_PROVINCE)
    assert (said["purpose"], said["case_no"], said["fields"]) == (PURPOSE, CASE, FIELDS)
    assert "协议" in said["basis"]
    assert of(hall, "education").get(f"/ledger/entries/{exchange_id}").status_code == 404
