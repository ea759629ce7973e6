"""Things that offices have, one of each kind, for whoever wants to see that no other office gets at them.

Whatever is said in one of them contains WORD, so that it is found wherever it leaks.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from hub.appeals.service import Said
from hub.cases.desk import Officer
from hub.credentials.desk import Application
from hub.exchange.corrections import Wrong
from hub.exchange.service import Asked
from hub.fields import id_check
from hub.gateway.orders import Caller
from hub.health_code.reviews import Wanted as Change
from hub.health_code.service import Holder
from hub.identity.service import Known, Standing
from hub.legs.service import Entry
from hub.main import Hub
from hub.matching.queue import Context
from hub.matching.rules import Sought, Told, Verdict
from hub.port import Delivery
from hub.sharing.requests import Wanted
from hub.tracing.service import Order
from tests.credentials.conftest import HAN
from tests.ledger.statements import ROWS, statement
from tests.materials.papers import photo
from tests.recognition.region import rule
from tests.sharing.conftest import BASIS, CLASSES, MARRIAGE
from tests.tracing.orders import in_force

WORD = "暗号甲"
TOWN, OTHER_TOWN = "360423001", "360423207"
PLACE = f"{TOWN}003"
LAW = {"decision": "refuse", "reason": WORD, "basis": "个人信息保护法第六条"}


@dataclass(frozen=True)
class Thing:
    """Ids by the parameter's name. An office's: `role` and `office` may, and nobody of `stranger` but the roles of
    `besides`. The county's (no office): whoever has the permission `may`, wherever they work."""

    ids: Mapping[str, str]
    role: str = ""
    office: str = ""
    stranger: str = "health"
    besides: tuple[str, ...] = ()
    may: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


class Offices:
    """Accounts of staff by role and office, and the things they have."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self._accounts: dict[tuple[str, str], tuple[str, str]] = {}

    def account(self, role: str, office: str) -> tuple[str, str]:
        """Its id and a token."""
        if (role, office) not in self._accounts:
            until = self.hub.clock.now() + timedelta(days=9)
            with self.hub.database.session() as session:
                name = f"{role}.{office}.{secrets.token_hex(4)}"
                id = self.hub.identity.open_account(session, name, "x", "JBSWY3DPEHPK3PXP", role, until, office)
                standing = Standing(region=office, roles=(role,))
                begun = self.hub.login._sessions.begin(session, "staff", id, standing)
            self._accounts[role, office] = id, begun.access_token
        return self._accounts[role, office]

    def things(self) -> Mapping[str, Thing]:
        """By method and path, or by the beginning of a path: the longest that fits counts."""
        made: dict[str, Thing] = {}
        for each in (self._cases, self._people, self._licences, self._health, self._county, self._sharing, self._used,
                     self._looks, self._operations):  # fmt: skip
            made.update(each())
        return made

    def person(self, name: str = f"韩{WORD}") -> tuple[str, Known]:
        first = f"3604231990010{secrets.randbelow(10**4):04d}"
        known = Known(first + id_check(first), name, f"154{secrets.randbelow(10**8):08d}", 2, TOWN, "test")
        with self.hub.database.session() as session:
            return self.hub.identity.register_known(session, known), known

    def _paper(self, citizen: str) -> str:
        return self.hub.materials.upload(citizen, photo(64, 64), f"{WORD}.jpg")[0].file_id

    def _cases(self) -> Iterator[tuple[str, Thing]]:
        hub, (citizen, _) = self.hub, self.person()
        service, paper = hub.settings.now.services["work-resumption"], self._paper(citizen)
        officer = Officer(self.account("officer", "economy")[0], "economy", frozenset({"case.write"}))
        why, numbers = dict.fromkeys(("reason", "basis", "appeal"), WORD), []
        with hub.database.session() as session:
            for day in ("2027-03-01", "2027-03-02"):
                fields = {"org_name": WORD, "region": PLACE, "place": WORD, "reopens_on": day}
                given = [{"type": "protection-plan", "file_id": paper}]
                case = hub.cases.submit(session, Caller(citizen, 2), service, fields, given, [], draft=False)
                hub.cases.desk.pick_up(session, officer, case.receipt_no)
                numbers.append(case.receipt_no)
            hub.cases.desk.refuse(session, officer, numbers[1], why)
            hub.cases.rate(session, Caller(citizen, 2), numbers[1], 1, [], WORD)
        ids, where = {"receipt_no": numbers[0], "file_id": paper}, "/api/v1/desk/cases/"
        yield where, Thing(ids, "officer", "economy", "health")
        rated = Thing({"receipt_no": numbers[1]}, "officer", "economy", "health")
        yield f"POST {where}{{receipt_no}}/rating-steps", rated

    def _people(self) -> Iterator[tuple[str, Thing]]:
        hub, (citizen, _) = self.hub, self.person()
        paper = self._paper(citizen)
        with hub.database.session() as session:
            clue, other = (
                hub.appeals.submit(session, "clue", citizen, Said(WORD, PLACE, photos=(paper,))).number for _ in "12"
            )
            task = hub.tasks.assign(session, "site-check", PLACE, "x", {"address": WORD}, "economy")
            queried = hub.tasks.assign(session, "site-check", PLACE, "x", {"address": WORD}, "economy")
            hub.tasks.query(session, queried, PLACE, "somebody", WORD)
            told = {"service": WORD, "receipt_no": "x", "promised_on": "2027-01-01"}
            calls = [hub.messages.tell(session, citizen, "case-received", told) for _ in range(2)]
            session.execute(text("UPDATE messages_message SET state = 'phone' WHERE id = ANY(:ids)"), {"ids": calls})
        mine = "community_clerk", TOWN, OTHER_TOWN
        yield "/api/v1/desk/appeals/", Thing({"number": clue, "file_id": paper}, *mine)
        passed_on = Thing({"number": other}, *mine, body={"to": OTHER_TOWN})
        yield "POST /api/v1/desk/appeals/{number}/forward", passed_on
        yield "/api/v1/desk/tasks/", Thing({"id": task}, *mine)
        yield "POST /api/v1/desk/tasks/{id}/reply", Thing({"id": queried}, "officer", "economy", "health")
        yield "/api/v1/desk/phone-tasks/", Thing({"id": calls[0]}, *mine)
        yield "GET /api/v1/desk/phone-tasks/", Thing({"id": calls[1]}, "officer", TOWN, "housing")
        yield "/api/v1/flow/communities/", Thing({"region": PLACE}, *mine)

    def _licences(self) -> Iterator[tuple[str, Thing]]:
        _, known = self.person()
        card = Application("senior-citizen-card", known.id_number, known.name, {"level": WORD}, WORD)
        with self.hub.database.session() as session:
            licence = self.hub.credentials.desk.issue(session, card, "somebody")
        yield "/api/v1/desk/credentials/", Thing({"id": licence.id}, "officer", "civil_affairs", "market")

    def _health(self) -> Iterator[tuple[str, Thing]]:
        hub, people = self.hub, [self.person(f"韩{WORD}{n}") for n in "一二"]
        paper = self._paper(people[0][0])
        with hub.database.session() as session:
            for citizen, known in people:
                holder = Holder(citizen, known.name, known.id_number)
                hub.health_code.codes.declare(session, holder, citizen, "health", {}, None)
            appeal = hub.health_code.reviews.appeal(session, people[0][0], people[0][0], WORD, (paper,))
            named = tuple((known.name, known.id_number) for _, known in people)
            wanted = Change((), named, "00", "proof_accepted", "", "2026-1", WORD)
            change = hub.health_code.reviews.change(session, wanted, "somebody", ("officer",))
        ids = {"review_id": appeal.id, "file_id": paper, "change_id": change.id}
        yield "/api/v1/desk/health-code/reviews/", Thing(ids, "officer", "health", "housing")

    def _county(self) -> Iterator[tuple[str, Thing]]:
        """What is for everybody of the county who has the right: nothing of a person is in it."""
        hub, now = self.hub, self.hub.clock.now()
        document = rule(hub.settings.now.hub.region, Identifier=f"RR-{hub.settings.now.hub.region}-0077",
                        ValidFrom=(now + timedelta(hours=1)).isoformat())  # fmt: skip
        with hub.database.session() as session:
            notice = hub.notices.ask(session, TOWN, WORD, WORD, WORD, "somebody")
            taken_back = hub.credentials.desk.ask_revocation(session, "batch", "b1", WORD, "somebody")
            version = hub.recognition.desk.propose(session, document, "somebody", WORD, emergency=True).document
        named = {"identifier": version["Identifier"], "version": version["Version"]}
        yield "/api/v1/desk/notices/", Thing({"id": notice.id}, may="notice.read")
        yield "POST /api/v1/desk/notices/", Thing({"id": notice.id}, may="notice.confirm")
        yield "/api/v1/desk/revocations/", Thing({"id": taken_back.id}, may="credential.confirm")
        yield "/api/v1/desk/recognition/rules/", Thing(named, may="recognition.confirm")

    def _sharing(self) -> Iterator[tuple[str, Thing]]:
        """Which data there is, and who asked for it, all departments may read (K2)."""
        hub, (mine, _) = self.hub, self.account("data_officer", "education")
        where, ours = "/api/v1/data/requests/", ("data_officer", "data_bureau", "health")
        with hub.database.session() as session:
            hub.sharing.resources.take(session, CLASSES, hub.settings.now.departments)
            asked, refused, granted = (self._asked(session, mine) for _ in range(3))
            hub.sharing.requests.decide(session, refused, "data_bureau", "somebody", *LAW.values())
            for office in ("data_bureau", "civil_affairs"):
                hub.sharing.requests.decide(session, granted, office, "somebody", "approve", "", "")
            (grant,) = session.execute(text("SELECT id FROM sharing_grant WHERE request_id = :id"), {"id": granted})
            hears = hub.exchange.subscriptions.subscribe(session, grant.id, "education", mine)
        yield where, Thing({"id": asked}, may="grant.read")
        yield f"POST {where}{{id}}/decisions", Thing({"id": asked}, *ours, body={"decision": "approve"})
        yield f"POST {where}{{id}}/disputes", Thing({"id": refused}, "data_officer", "education")
        yield "/api/v1/data/resources/", Thing({"id": MARRIAGE}, may="grant.read")
        yield "PUT /api/v1/data/resources/", Thing({"id": MARRIAGE}, "data_officer", "civil_affairs")
        yield "/api/v1/data/subscriptions/", Thing({"id": hears.id}, "data_officer", "education")
        yield "/api/v1/data/grants/", Thing({"id": grant.id}, "data_officer", "education")

    def _asked(self, session: Any, officer: str) -> str:
        wanted = Wanted(MARRIAGE, ("name", "marital_status"), WORD, BASIS, 30)
        return self.hub.sharing.requests.ask(session, "education", officer, wanted).id

    def _used(self) -> Iterator[tuple[str, Thing]]:
        hub, mine = self.hub, self.account("data_officer", "education")[0]
        subject, fields = {"id_number": HAN.id_number, "name": HAN.name}, ["name", "marital_status"]
        asked = Asked(MARRIAGE, "education", mine, subject={}, fields=tuple(fields), purpose=WORD)
        batch = hub.batches.begin(asked, {name: [value] for name, value in subject.items()})
        hub.batches.run(lambda: False, str(batch.id))
        with hub.database.session() as session:
            wrong = Wrong(MARRIAGE, "marital_status", subject, WORD, WORD)
            wrongs = [hub.exchange.corrections.report(session, "education", mine, wrong).id for _ in range(2)]
            context = Context(MARRIAGE, "civil_affairs", "civil_affairs", "education", mine, "resident_id")
            verdict = Verdict("doubtful", "none", "same")
            match = hub.matching.queue.add(session, context, Sought("1", WORD), Told("2", WORD), verdict)
        question = {"purpose": WORD, "fields": fields}
        use = {"role": "data_officer", "office": "education"}
        where = "POST /api/v1/data/resources/{id}"
        yield f"{where}/queries", Thing({"id": MARRIAGE}, **use, body={**question, "subject": subject})
        columns = {name: [value] for name, value in subject.items()}
        yield f"{where}/batches", Thing({"id": MARRIAGE}, **use, body={**question, "subjects": columns})
        yield "/api/v1/data/batches/", Thing({"id": str(batch.id)}, **use)
        yield "/api/v1/data/corrections/", Thing({"id": wrongs[0]}, **use)
        settles = "POST /api/v1/data/corrections/"
        yield settles, Thing({"id": wrongs[1]}, "data_officer", "civil_affairs")
        yield "/api/v1/data/matches/", Thing({"id": match}, "data_officer", "civil_affairs")

    def _looks(self) -> Iterator[tuple[str, Thing]]:
        """Orders, what was looked at by them, and what the ledger has of it."""
        hub, (_, known), hour = self.hub, self.person(), timedelta(hours=1)
        exchange, now = statement(at=hub.clock.now(), purpose=WORD), hub.clock.now()
        hub.ledger.evidence.decide(exchange)
        hub.ledger.evidence.deliver(exchange.exchange_id, ROWS)
        in_force(hub, "Y-1", office=TOWN)
        with hub.database.session() as session:
            ends, who = now + hour, {"office": "housing_fund", "actor": "somebody"}
            order = hub.ledger.orders.ask(session, f"Z-{secrets.token_hex(4)}", WORD, ends, **who)
            looked = Order("Y-1", "somebody", TOWN, (TOWN,), now - hour, now)
            trace = hub.tracing.trace(session, looked, known.id_number)
        one = {"exchange_id": str(exchange.exchange_id)}
        yield "/api/v1/desk/orders/", Thing({"id": order.id}, "officer", "housing_fund", "housing")
        yield "/api/v1/traces/", Thing({"id": trace.id}, "officer", TOWN, OTHER_TOWN)
        for path in ("entries", "proofs"):
            yield f"/api/v1/ledger/{path}/", Thing(one, "data_officer", "housing", "housing_fund", ("auditor",))

    def _operations(self) -> Iterator[tuple[str, Thing]]:
        """The machine room is the county's: what a role may do there, it may for every system."""
        hub, now, minute = self.hub, self.hub.clock.now(), timedelta(minutes=5)
        leg = Entry(
            uuid4(), now, secrets.token_hex(16), "medical-insurance-balance", "medical_insurance", "query_balance",
            "read", 3, "failed", "UPSTREAM_MALFORMED", 7, question={"subject": "c-1", "region": "", "level": 2,
            "key": None, "fields": {"name": WORD}},
        )  # fmt: skip
        hub.legs.begin(leg)
        with hub.database.session() as session:
            ids = [hub.jobs.enqueue(session, "push.message", message=number) for number in (1, 2)]
            session.execute(text("UPDATE legs_leg SET lease_until = NULL WHERE id = :id"), {"id": leg.id})
            rerun = hub.reruns.begin(session, WORD, "somebody", service=leg.service, since=now - minute,
                                     until=now + minute)  # fmt: skip
            hub.inbox._deliveries.store(session, "nucleic_acid", Delivery("1", os.urandom(8)), verified=True)
            put = text("UPDATE inbox_delivery SET result = 'quarantined' RETURNING id")
            delivery = session.execute(put).scalars().first()
        yield from self._systems()
        yield "/ops/v1/legs/", Thing({"id": str(leg.id)}, may="leg.read")
        yield "POST /ops/v1/legs/", Thing({"id": str(leg.id)}, may="leg.rerun")
        yield "/ops/v1/reruns/", Thing({"id": str(rerun.id)}, may="job.read")
        yield "POST /ops/v1/reruns/", Thing({"id": str(rerun.id)}, may="leg.rerun")
        for job, act in zip(ids, ("retry", "cancel"), strict=True):
            yield f"POST /ops/v1/jobs/{{id}}/{act}", Thing({"id": str(job)}, may="job.write")
        yield "POST /ops/v1/inbound/{id}/retry", Thing({"id": str(delivery)}, may="job.write")

    def _systems(self) -> Iterator[tuple[str, Thing]]:
        for kind, id in (("service", "residence-certificate"), ("system", "civil_affairs")):
            yield f"/ops/v1/{kind}s/", Thing({"id": id}, may=f"{kind}.read")
            body = {"percent": 100, "reason": WORD}
            yield f"PATCH /ops/v1/{kind}s/", Thing({"id": id}, may="switch.write", body=body)
        somebody, _ = self.account("verifier", "x")
        yield "/ops/v1/staff/", Thing({"id": somebody}, may="staff.write")
