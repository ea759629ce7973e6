"""feat_C4 and feat_E2 for cases: what a department tells by itself (`POST /inbound/{system}/events`, signed) moves the
case on, with its clock; twice, late, out of order or about nobody's receipt it does nothing wrong and is seen."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import text

from hub.clock import CHINA
from hub.database import one_at_a_time, turn
from hub.port import BadRow, Record
from tests.cases.conftest import HAN, Hall
from tests.cases.test_cases import messages
from tests.cases.test_clock import events
from tests.phone import eventually

SYSTEM = "household_registration"
SOON_S = 60
DAYS = count(400, 10)
FIELDS = {"kind": "residence_certificate", "reason": "子女入学"}
DOCUMENT = {"WSMC": "居住证明", "WSBH": "HJ2026-1", "WSNR": "兹证明居住属实。"}


@pytest.fixture(autouse=True)
def another_day(hall: Hall) -> Any:
    """There may be one application of a kind and day."""
    hall.later(days=next(DAYS))
    yield
    for each in hall.citizen(HAN).get("/cases?page_size=100").json["items"]:
        if each["service"] == "household-application":
            hall.mine(each["receipt_no"], "withdrawal", {})
    hall.clock.ahead = 0.0
    hall.tokens.clear()


def applied(hall: Hall) -> str:
    key = secrets.token_hex(16)
    answer = hall.citizen(HAN).post("/services/household-application/cases", {"fields": FIELDS}, Idempotency_Key=key)
    assert answer.status_code == 202, answer.text
    return str(answer.json["receipt_no"])


def receipt(hall: Hall, number: str) -> str:
    hall.hub.outbox.runner.tick()
    return str(hall.case(number)["filing"]["department_receipt"])


def filed(hall: Hall) -> tuple[str, str]:
    """Our number, and the one they gave it."""
    number = applied(hall)
    assert eventually(lambda: bool(receipt(hall, number)), SOON_S)
    return number, receipt(hall, number)


def event(theirs: str, number: int, step: str, **more: Any) -> dict[str, Any]:
    at = datetime(2026, 12, 1, 9, tzinfo=CHINA) + timedelta(minutes=number)
    return {"YWLSH": theirs, "XH": str(number), "HJ": step, "SJC": f"{at:%Y-%m-%d %H:%M:%S}", **more}


def told(hall: Hall, *said: dict[str, Any]) -> list[tuple[str, str]]:
    """One signed delivery with these events, processed; place and code of what operations see refused."""
    raw = json.dumps({"SJ": list(said)}, ensure_ascii=False).encode("gb18030")
    name, at = secrets.token_hex(8), str(int(time.time()))
    key = (hall.hub.home / f"secrets/{SYSTEM}_callback_key").read_text().strip()
    text = "\n".join((name, at, hashlib.sha256(raw).hexdigest()))
    sign = hmac.new(key.encode(), text.encode(), "sha256").hexdigest()
    headers = {"X-Event": name, "X-Time": at, "X-Sign": sign, "Content-Type": "application/json"}
    answer = hall.client.post(f"/api/v1/inbound/{SYSTEM}/events", data=raw, headers=headers)
    assert answer.status_code == 200, answer.text
    while hall.hub.inbox.processing.one(SYSTEM):
        pass
    with hall.hub.database.session() as session:
        (newest,) = hall.hub.inbox.page(session, SYSTEM, None, None, 1)
        assert newest.result == "done"
        return [(each.place, each.code) for each in hall.hub.inbox.bad_rows(session, newest.id)]


def test_feat_C4_a_department_moves_the_case_and_its_clock(hall: Hall) -> None:
    number, theirs = filed(hall)
    assert told(hall, event(theirs, 1, "10")) == []
    case = hall.case(number)
    assert case["status"] == "accepted" and case["timeline"][-1]["by"] == "department"
    promised = case["clock"]["promised_at"]
    assert told(hall, event(theirs, 2, "30", TBCX="3", TS="5", YY="上门核查")) == []
    assert hall.case(number)["clock"]["state"] == "waits"
    assert hall.case(number)["clock"]["paused"][0]["reason"] == "上门核查"
    hall.later(days=7)
    assert told(hall, event(theirs, 3, "31")) == []
    assert hall.case(number)["clock"]["promised_at"] > promised, "later by as long as it took"
    assert told(hall, event(theirs, 4, "40", **DOCUMENT)) == []
    case = hall.case(number)
    assert case["status"] == "approved" and case["result"]["number"] == "HJ2026-1"
    assert [each for each in events(hall, number) if each in ("accepted", "paused", "resumed", "decided")] == [
        "accepted", "paused", "resumed", "decided",
    ]  # fmt: skip
    assert "case-decided" in messages(hall, number)
    assert hall.officer().get(f"/desk/cases/{number}").json["timeline"] == case["timeline"], "the same story"


def test_feat_C4_twice_late_and_out_of_order_change_nothing_wrongly(hall: Hall) -> None:
    number, theirs = filed(hall)
    decided = event(theirs, 4, "40", **DOCUMENT)
    assert told(hall, decided) == [], "what must have been before is taken as done"
    assert events(hall, number)[-2:] == ["accepted", "decided"]
    story = events(hall, number)
    assert told(hall, decided) == told(hall, event(theirs, 1, "10"), decided) == []
    assert hall.case(number)["status"] == "approved" and events(hall, number) == story
    assert told(hall, event(theirs, 5, "30", TBCX="3", TS="5")) == [("case_events[0]", "STATE_CONFLICT")]
    assert events(hall, number) == story


def test_feat_C4_a_receipt_nobody_knows_is_seen_and_counts_once_it_is_known(hall: Hall) -> None:
    assert told(hall, event("HJSQ99999999", 1, "10")) == [("case_events[0]", "RECEIPT_UNKNOWN")]
    earlier, former = filed(hall)
    assert hall.mine(earlier, "withdrawal", {}).status_code == 200
    hall.later(days=1)
    number = applied(hall)
    theirs = f"HJSQ{int(former[4:]) + 1:08d}"
    assert told(hall, event(theirs, 1, "10")) == [("case_events[0]", "RECEIPT_UNKNOWN")], "faster than the answer"
    assert hall.case(number)["status"] == "received"
    assert eventually(lambda: receipt(hall, number) == theirs, SOON_S)
    assert hall.case(number)["status"] == "accepted"
    record = Record("case_events", "k", {"case_receipt": theirs, "number": "9", "step": "approved",
                                         "at": "2026-12-30T09:00:00+08:00"})  # fmt: skip
    with hall.hub.database.session() as session:
        (refused,) = hall.hub.cases.department.told(session, "civil_affairs", [record])
    assert refused.code == "RECEIPT_UNKNOWN", "another department's word is none"


@pytest.mark.parametrize("order", [1, -1])
def test_feat_C4_two_batches_in_opposite_order_cannot_wait_for_each_other(hall: Hall, order: int) -> None:
    """Whatever stands in them first, both begin with the same turn: while that is another's, the other one is free."""
    department, database = hall.hub.cases.department, hall.hub.database
    numbers = [f"N{secrets.token_hex(4)}" for _ in range(2)]
    first, last = sorted((department._turn(SYSTEM, each) for each in numbers), key=turn)
    records = [Record("case_events", secrets.token_hex(8), {"case_receipt": each, "number": "9", "step": "accepted",
                      "at": "2026-12-30T09:00:00+08:00"}) for each in numbers][::order]  # fmt: skip

    def said() -> list[BadRow]:
        with database.session() as session:
            return department.told(session, SYSTEM, records)

    waits = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND database ="
                 " (SELECT oid FROM pg_database WHERE datname = current_database())")  # fmt: skip
    free = text("SELECT pg_try_advisory_xact_lock(:turn)")
    with ThreadPoolExecutor(1) as pool:
        with database.session() as session:
            one_at_a_time(session, first)
            batch = pool.submit(said)
            while not session.scalar(waits):
                assert not batch.done()
            assert session.scalar(free, {"turn": turn(last)})
        assert [each.code for each in batch.result(60)] == ["RECEIPT_UNKNOWN"] * 2


def test_feat_S8_a_department_too_closes_nothing_without_its_document_or_its_reasons(hall: Hall) -> None:
    number, theirs = filed(hall)
    assert told(hall, event(theirs, 1, "10"), event(theirs, 2, "40")) == [("case_events[1]", "REQUIRED")]
    assert told(hall, event(theirs, 3, "40", WSMC="居住证明", WSBH="HJ2026-1")) == [("case_events[0]", "REQUIRED")]
    assert told(hall, event(theirs, 4, "41", YY="不符合条件")) == [("case_events[0]", "REQUIRED")]
    assert hall.case(number)["status"] == "accepted" and hall.case(number)["result"] is None
    why = {"YY": "不符合条件", "YJ": "《户口登记条例》第十条", "JJTJ": "60日内可申请行政复议"}
    assert told(hall, event(theirs, 5, "41", **why)) == []
    assert hall.case(number)["status"] == "refused" and hall.case(number)["result"]["appeal"]


def test_feat_C4_a_department_asks_for_corrections_by_field(hall: Hall) -> None:
    number, theirs = filed(hall)
    assert hall.act(number, "pick-up").status_code == 200
    assert told(hall, event(theirs, 1, "20", BZNR="fields.colour=?")) == [("case_events[0]", "CHOICE")]
    assert told(hall, event(theirs, 2, "20", BZNR="fields.reason=请写明学校\nmaterials.address-proof=缺租房合同")) == []
    case = hall.case(number)
    assert case["status"] == "correction" and "case-correction" in messages(hall, number)
    assert [each["path"] for each in case["correction"]["items"]] == ["fields.reason", "materials.address-proof"]
