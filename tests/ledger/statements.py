"""Statements to try the ledger with."""

from __future__ import annotations

import uuid
from typing import Any

from hub.clock import Clock
from hub.ledger.statement import Statement

ROWS = [{"name": "王桂英", "balance_fen": "123400"}, {"name": "李建国", "balance_fen": "5600"}]


def statement(**changes: Any) -> Statement:
    values: dict[str, Any] = {
        "exchange_id": uuid.uuid4(), "at": Clock().now(), "supplier": "housing", "user": "civil_affairs",
        "system": "housing_fund", "officer_ref": "civil_affairs/104233", "service": "housing-fund-balance",
        "service_version": "1", "op": "READ", "subject_tag": bytes(32), "basis": "社会救助暂行办法 第八条",
        "purpose": "核对低保申请", "fields": ("name", "balance_fen"), "data_class": 3, "req_digest": bytes(32),
        "policy_version": "1", "config_version": "c1", "case_no": "2026112500001",
    }  # fmt: skip
    return Statement(**{**values, **changes})
