"""Papers go first, each as a step of its own: register, n uploads, then the filing itself, which alone counts.

A step is repeated until it is done; what is done stays done, whoever dies.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.database import Database
from hub.errors import Problem
from hub.filings.claiming import Claim
from hub.filings.models import FilingRow
from hub.filings.orders import Order
from hub.gateway.orders import Caller
from hub.gateway.service import Gateway
from hub.paper import Paper
from hub.port import Reply
from hub.trace import Trace

ReadPaper = Callable[[Session, str], bytes]
Left = Callable[[float], float]


class Papers:
    """`read` gives a paper's bytes by its file's id; `facts` a system's checked system.yaml."""

    def __init__(
        self, database: Database, gateway: Gateway, facts: Callable[[str], Mapping[str, Any]], read: ReadPaper
    ) -> None:
        self._database, self._gateway, self._facts, self.read = database, gateway, facts, read

    def filed(
        self, order: Order, claim: Claim, left: Left, caller: Caller, trace: Trace, call_s: float
    ) -> Mapping[str, Any]:
        """The fields of the filing itself, after all papers are there. Raises the port's errors."""
        steps = self._facts(order.system)["filing"]["papers"]
        if not order.papers or not steps:
            return order.fields

        def ask(operation: str, fields: Mapping[str, Any]) -> Reply:
            return self._gateway.ask(order.system, operation, fields, caller, trace, left(call_s), key=order.key)

        number = claim.register_no
        if not number:
            number = ask(steps["register"], order.fields).receipt or ""
            self._keep(claim, register_no=number)
        for done, paper in enumerate(order.papers[claim.papers_done :], start=claim.papers_done + 1):
            ask(steps["upload"], self._upload(paper, number))
            self._keep(claim, papers_done=done)
        return {**order.fields, "register_no": number}

    def _upload(self, paper: Paper, number: str) -> Mapping[str, Any]:
        try:
            with self._database.session() as session:
                content = self.read(session, paper.file_id)
        except Problem as problem:
            if problem.retry_after is None:  # it will not get better by itself
                raise LookupError(problem.code) from problem
            raise
        return {
            "register_no": number,
            "type": paper.type,
            "media_type": paper.media_type,
            "sha256": paper.sha256,
            "content": base64.b64encode(content).decode("ascii"),
        }

    def _keep(self, claim: Claim, **done: Any) -> None:
        with self._database.session() as session:
            session.execute(update(FilingRow).where(FilingRow.id == claim.filing_id).values(**done))
