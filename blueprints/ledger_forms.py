"""What the routes of the ledger take and answer, with their examples."""

from __future__ import annotations

from typing import Any

import marshmallow
from marshmallow import fields

from blueprints.contract import Count, Page
from hub.fields import Date, DateTime, Form, Items, LongText, Text

_ID = "0f3a9c52-6a1e-4a8e-9a35-0c9d8b7a6f5e"
_KEY = "xiantong/360423+9d1c2b3a+AQ=="
NOTE = "xiantong/360423\n48211\nqTzhmH8kA1ayPbqOVz8J7g0zH3M2R4uZ6J0qkQ1w2uE=\n\n— xiantong/360423 nRwrOg==\n"


class ProofAsked(Form):
    """`since`: the size of a checkpoint you have; that nothing of it was changed is proved too."""

    since = Count(min=0, max=999_999_999, load_default=0)


class LogAsked(Page):
    """Days, both included."""

    since = Date(data_key="from")
    until = Date(data_key="to")


class InvestigationForm(Form):
    """What was found outside, value by value: numbers, names, amounts. It is compared and not kept."""

    values = Items(Text(required=True, min=1, max=200), required=True, min=1, max=200)
    since = DateTime()
    until = DateTime()


class AccessDisputeForm(Form):
    """In your own words; nothing need be said."""

    text = LongText(max=1000, load_default="")


class LedgerKeysAnswer(marshmallow.Schema):
    """Public keys as C2SP writes them (name+id+key); `receipts` are Ed25519 keys in hexadecimal, by name."""

    origin = fields.String(required=True)
    log = fields.String(required=True)
    witnesses = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    receipts = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class LedgerLeafAnswer(marshmallow.Schema):
    """One leaf: its bytes (canonical CBOR) and its way to the root, in hexadecimal."""

    step = fields.String(required=True, metadata={"enum": ["EXCHANGE", "DECIDED", "DELIVERED", "FAILED"]})
    number = fields.Integer(required=True)
    leaf = fields.String(required=True)
    path = fields.List(fields.String(), required=True)
    statement = fields.String(metadata={"description": "With DECIDED: what the leaf is the digest of."})
    salt = fields.String()


class LedgerReceiptAnswer(marshmallow.Schema):
    party = fields.String(required=True, metadata={"enum": ["S", "U", "P"]})
    signer = fields.String(required=True)
    cose = fields.String(required=True, metadata={"description": "COSE_Sign1 over the leaf of the delivery, in hex."})


class ConsistencyAnswer(marshmallow.Schema):
    since = fields.Integer(required=True)
    path = fields.List(fields.String(), required=True)


class LedgerProofAnswer(marshmallow.Schema):
    """Check it with /ledger/checking_proofs.py and the public keys, without us. `timestamp_token` is what the time
    stamping authority answered about `checkpoint` (RFC 3161, DER in hexadecimal), where it did."""

    format = fields.String(required=True)
    exchange_id = fields.String(required=True)
    checkpoint = fields.String(required=True)
    leaves = fields.List(fields.Nested(LedgerLeafAnswer), required=True)
    consistency = fields.Nested(ConsistencyAnswer, required=True, allow_none=True)
    receipts = fields.List(fields.Nested(LedgerReceiptAnswer), required=True)
    timestamp_token = fields.String(required=True, allow_none=True)


class LedgerStepAnswer(marshmallow.Schema):
    step = fields.String(required=True)
    at = fields.DateTime(required=True)
    spooled = fields.Boolean(required=True)


class LedgerEntryAnswer(marshmallow.Schema):
    """One shared exchange. `statement` is none once its years are over."""

    exchange_id = fields.String(required=True)
    statement = fields.Dict(required=True, allow_none=True)
    steps = fields.List(fields.Nested(LedgerStepAnswer), required=True)
    evidence_level = fields.String(required=True, metadata={"enum": ["E1", "E3"]})
    receipts = fields.List(fields.Nested(LedgerReceiptAnswer), required=True)


class AccessAnswer(marshmallow.Schema):
    """Who read what of mine, when, why and by what right. `kind`: own (my own reads of a service on one day, `count` of
    them), acted (somebody with a mandate of mine), shared (a department)."""

    exchange_id = fields.String(required=True)
    at = fields.DateTime(required=True)
    kind = fields.String(required=True, metadata={"enum": ["own", "acted", "shared"]})
    action = fields.String(required=True)
    outcome = fields.String(required=True, metadata={"enum": ["OK", "NOT_GIVEN"]})
    receiver_code = fields.String(required=True)
    receiver_name = fields.String(required=True)
    receiver_system = fields.String(required=True)
    service = fields.String(required=True)
    service_title = fields.String(required=True, metadata={"description": "Empty where it is no service."})
    officer_ref = fields.String(required=True, metadata={"description": "Who it is can be found out in a complaint."})
    fields_ = fields.List(fields.String(), required=True, data_key="fields")
    purpose = fields.String(required=True)
    basis = fields.String(required=True)
    case_no = fields.String(required=True)
    consent_id = fields.String(required=True)
    data_class = fields.Integer(required=True, allow_none=True)
    evidence_level = fields.String(required=True, metadata={"enum": ["E1", "E2", "E3"]})
    count = fields.Integer(required=True)
    proof = fields.String(required=True, metadata={"description": "Where its proof is fetched."})


class AccessLogAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(AccessAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class PeriodAnswer(marshmallow.Schema):
    """`sealed`: how many entries of the whole county are sealed by law-enforcement orders, by year."""

    first_at = fields.DateTime(required=True, allow_none=True)
    last_at = fields.DateTime(required=True, allow_none=True)
    sealed = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)


class DayAnswer(marshmallow.Schema):
    """What a department gave on one day, and whether it signed for it: `missing` three days later."""

    department = fields.String(required=True)
    day = fields.Date(required=True)
    exchanges = fields.Integer(required=True)
    state = fields.String(required=True, metadata={"enum": ["signed", "due", "missing"]})


class DaysAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(DayAnswer), required=True)


class TakerAnswer(marshmallow.Schema):
    """One department that was given some of the values, or `elsewhere`."""

    user = fields.String(required=True)
    name = fields.String(required=True)
    had = fields.Integer(required=True)
    held = fields.Integer(required=True)
    likelihood = fields.Float(required=True)
    first_at = fields.DateTime(required=True, allow_none=True)
    last_at = fields.DateTime(required=True, allow_none=True)


class InvestigationAnswer(marshmallow.Schema):
    """None of the values is in it: `found` and `values` are places in the list that was sent, counted from 0."""

    investigated_at = fields.DateTime(required=True)
    since = fields.DateTime(required=True)
    until = fields.DateTime(required=True)
    values = fields.Integer(required=True)
    found = fields.List(fields.Integer(), required=True)
    takers = fields.List(fields.Nested(TakerAnswer), required=True)
    innocent_expected = fields.Float(required=True)
    canaries = fields.List(fields.Dict(), required=True)
    exchanges = fields.List(fields.Dict(), required=True)
    exchanges_found = fields.Integer(required=True)
    volumes = fields.List(fields.Dict(), required=True)
    complete = fields.Dict(required=True)
    liability = fields.List(fields.String(), required=True)
    cannot_show = fields.List(fields.String(), required=True)
    notice = fields.Dict(required=True)


KEYS: dict[str, Any] = {
    "origin": "xiantong/360423",
    "log": _KEY,
    "witnesses": {"audit_office": "audit_office+1a2b3c4d+BA=="},
    "receipts": {"xiantong/360423/c1": "00" * 32},
}
_RECEIPT = {"party": "P", "signer": "xiantong/360423/c1", "cose": "d284"}
PROOF: dict[str, Any] = {
    "format": "xiantong-proof/1",
    "exchange_id": _ID,
    "checkpoint": NOTE,
    "leaves": [{"step": "DELIVERED", "number": 48_120, "leaf": "8a6a", "path": ["00" * 32]}],
    "consistency": None,
    "receipts": [_RECEIPT],
    "timestamp_token": "3082033430030201003082032b",
}
ENTRY: dict[str, Any] = {
    "exchange_id": _ID,
    "statement": {
        "supplier": "housing_fund",
        "user": "civil_affairs",
        "purpose": "核对低保申请",
        "fields": ["balance_fen"],
    },
    "steps": [{"step": "DECIDED", "at": "2026-11-26T09:30:00+08:00", "spooled": False}],
    "evidence_level": "E1",
    "receipts": [_RECEIPT],
}
ACCESS: dict[str, Any] = {
    "exchange_id": _ID,
    "at": "2026-11-26T09:30:00+08:00",
    "kind": "shared",
    "action": "READ",
    "outcome": "OK",
    "receiver_code": "civil_affairs",
    "receiver_name": "县民政局",
    "receiver_system": "housing_fund",
    "service": "housing-fund-balance",
    "service_title": "住房公积金账户查询",
    "officer_ref": "civil_affairs/104233",
    "fields": ["name", "balance_fen"],
    "purpose": "核对低保申请",
    "basis": "社会救助暂行办法 第八条",
    "case_no": "2026112500001",
    "consent_id": "",
    "data_class": 3,
    "evidence_level": "E1",
    "count": 1,
    "proof": f"/api/v1/me/access-log/{_ID}/proof",
}
PERIOD: dict[str, Any] = {
    "first_at": "2026-01-03T08:00:00+08:00",
    "last_at": "2026-11-26T09:30:00+08:00",
    "sealed": {"2026": 3},
}
DAYS: dict[str, Any] = {
    "items": [{"department": "housing_fund", "day": "2026-11-25", "exchanges": 412, "state": "signed"}],
}  # fmt: skip
_TAKER: dict[str, Any] = {
    "user": "civil_affairs", "name": "县民政局", "had": 15, "held": 420, "likelihood": 0.998,
    "first_at": "2026-11-20T09:30:00+08:00", "last_at": "2026-11-26T09:30:00+08:00",
}  # fmt: skip
INVESTIGATION: dict[str, Any] = {
    "investigated_at": "2026-11-26T10:00:00+08:00",
    "since": "2023-11-27T10:00:00+08:00",
    "until": "2026-11-26T10:00:00+08:00",
    "values": 15,
    "found": list(range(15)),
    "takers": [_TAKER],
    "innocent_expected": 0.02,
    "canaries": [],
    "exchanges": [
        {"exchange_id": _ID, "supplier": "housing_fund", "user": "civil_affairs", "leaves": [48_119, 48_120]}
    ],
    "exchanges_found": 5,
    "volumes": [],
    "complete": {"intact": True, "faults": [], "checkpoint": NOTE, "witnesses": ["audit_office", "neighbour_county"]},
    "liability": ["平台记录未发现改动，已由 2 个见证方联署：按记录，平台依所附授权原样传递。"],
    "cannot_show": ["本记录证明数据交付给了谁，不能证明是谁泄露的。"],
    "notice": {"title": "个人信息泄露情况通知（草稿）", "kinds": ["balance_fen", "id_number", "name"]},
}
