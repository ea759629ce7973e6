"""Web pages behind a login, used as an interface: forms out, HTML back, a cookie in between.

It knows no department: the pages an operation walks through stand in system.yaml, the last of them is the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from adapters.protocols import probing
from adapters.protocols.form_facts import FACTS
from adapters.protocols.form_pages import Fetched, Question, Site
from adapters.protocols.form_session import SessionLost, turn
from adapters.protocols.mapping import Operation, operations
from adapters.protocols.sample import Sampled
from adapters.protocols.ticket import Ticket, Tickets
from hub.port import Call, Garbled, OutcomeUnknown, PortError, Rejected, Reply, Setting, Unavailable

__all__ = ["FACTS", "Adapter"]


class Adapter:
    """One form system."""

    tells_stages = True

    def __init__(self, setting: Setting) -> None:
        facts = setting.facts
        self._message: str = facts["form"]["message"]
        self._probe: Mapping[str, Any] = facts["probe"]
        self._query: str = (facts["filing"] or {}).get("query", "")
        self._operations = operations(setting)
        self._labels = {name: _labels(each) for name, each in facts["operations"].items()}
        self._site = Site(setting)
        self._shared = setting.shared
        self._serial: bool = facts["form"]["session"]["serial"]
        self._sessions = Tickets(setting.shared, "session", self._site.sign_in, solitary=self._serial)

    def call(self, call: Call) -> Reply:
        operation = self._operations[call.operation]
        wire = operation.outgoing(call)  # refuses what the department cannot hold, before any byte leaves
        with turn(self._shared, self._sessions, call.deadline) if self._serial else nullcontext():
            if operation.own["read_back"]:
                return self._filed(operation, call, wire)
            return self._asked(operation, call, wire)

    def probe(self, deadline: float) -> None:
        probing.probe(self.call, self._probe, deadline)

    def close(self) -> None:
        self._site.close()

    def _asked(self, operation: Operation, call: Call, wire: Mapping[str, str]) -> Reply:
        """Walk the pages; when the session turns out to be lost, log in once and walk them again."""
        session = self._sessions.current(call.deadline)
        try:
            return self._walked(operation, call, wire, session)
        except SessionLost:
            session = self._sessions.renewed(session, call.deadline)
        try:
            return self._walked(operation, call, wire, session)
        except SessionLost as again:
            raise Garbled("the session was lost again after a new login", code="UPSTREAM_SESSION") from again

    def _walked(self, operation: Operation, call: Call, wire: Mapping[str, str], session: Ticket) -> Reply:
        *before, last = operation.own["steps"]
        fetched: Fetched | None = None
        sent = received = 0
        for step in (*before, last):
            form = _form(step, wire, fetched)
            question = Question(step["method"], step["path"], call.deadline, form, session.value, call.traceparent)
            files = operation.write and step is last
            fetched = self._filing(question, call) if files else self._reading(operation, question)
            sent, received = sent + fetched.sent, received + fetched.received
            if fetched.page.marked(self._message):  # the department's word on the request: no further page comes
                break
        assert fetched is not None
        with Sampled(fetched.body):
            tree = fetched.page.tree(self._labels[operation.name], operation.own["tables"], self._message)
            return operation.reply(tree, call, sent, received)

    def _reading(self, operation: Operation, question: Question) -> Fetched:
        """A page that changes nothing. A write that gets no further than this is certainly not done."""
        try:
            return self._site.fetch(question)
        except OutcomeUnknown as error:
            if operation.write:
                raise Unavailable(error.note, sample=error.sample) from error
            raise

    def _filing(self, question: Question, call: Call) -> Fetched:
        """The one request that changes something: it is never sent again, whatever comes back."""
        try:
            return self._site.fetch(replace(question, changes=True, stage=call.stage))
        except SessionLost as lost:
            raise OutcomeUnknown("the session was lost while filing", code="UPSTREAM_SESSION") from lost

    def _filed(self, operation: Operation, call: Call, wire: Mapping[str, str]) -> Reply:
        """A write with a look before and after it: a page of success alone proves nothing (legacy.md Q19)."""
        try:
            before = self._on_file(operation, call)
        except OutcomeUnknown as error:
            raise Unavailable(error.note, sample=error.sample) from error
        ours = [number for number, same in before.items() if same]
        if len(ours) > 1:
            raise Garbled("the same filing stands there more than once", code="UPSTREAM_CONFLICT")
        if ours:  # an earlier try of the same
            return Reply({}, ours[0])
        reply = self._asked(operation, call, wire)
        if reply.receipt in before:
            raise Rejected("an earlier filing was kept instead", code="ALREADY_SUBMITTED")
        try:
            seen = self._on_file(operation, call).get(reply.receipt or "", False)
        except PortError:
            seen = False
        return replace(reply, done=seen)  # a number, and not seen on file yet: the department may show it later

    def _on_file(self, operation: Operation, call: Call) -> dict[str, bool]:
        """What the department holds of this person: number -> whether it says the same as this filing."""
        back = operation.own["read_back"]
        query = self._operations[self._query]
        asking = Call(query.name, call.fields, call.deadline, call.traceparent)
        rows = self._asked(query, asking, query.outgoing(asking)).fields[back["list"]]
        return {row[back["receipt"]]: all(row[name] == call.fields.get(name) for name in back["match"]) for row in rows}


def _labels(facts: Mapping[str, Any]) -> frozenset[str]:
    """The labels an operation reads from its page."""
    answer = facts["answer"]
    paths = [each["from"] for each in answer["fields"].values()] + [answer["receipt"]]
    paths += [rows["count"] for rows in answer["lists"].values()]
    found = {path.removeprefix("page.") for path in paths if path.startswith("page.")}
    return frozenset(found - set(facts["form"]["may_lack"]))


def _form(step: Mapping[str, Any], wire: Mapping[str, str], before: Fetched | None) -> dict[str, str]:
    """What a step posts: its fields, and the hidden inputs of the page before (legacy.md Q18)."""
    if step["method"] == "get":
        return {}
    names = wire if step["send"] is None else step["send"]
    hidden = before.page.hidden(step["carry"]) if before else {}
    return {name: wire[name] for name in names if name in wire} | hidden
