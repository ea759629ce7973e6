"""What each room writes sealed, and how the room itself reads it again. `n` makes it somebody else's each time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

from hub.appeals.service import Said
from hub.credentials.desk import Application
from hub.fields import id_check
from hub.flow.events import Crossing
from hub.gateway.orders import Caller
from hub.health_code.service import Holder
from hub.identity.companies import CompanyRecord
from hub.identity.service import Known
from hub.inbox.rules import Dataset
from hub.ledger.access import Whose
from hub.legs.service import Entry
from hub.main import Hub
from hub.mandates.companies import Company
from hub.mandates.service import Subject
from hub.matching.queue import Context
from hub.matching.rules import Sought, Told, Verdict
from hub.port import Delivery, PortError, Record
from hub.tracing.rules import Sighting
from tests.health_code.conftest import HEALTHY
from tests.ledger.statements import statement

Read = Callable[[Hub], Any]
VILLAGE = "360423001005"


def number(n: int) -> str:
    """A whole ID number."""
    first = f"36042319{70 + n // 900:02d}0101{100 + n % 900}"
    return first + id_check(first)


def person(hub: Hub, n: int) -> Read:
    with hub.database.session() as session:
        known = Known(number(n), f"王{n}", f"1380000{n:04d}", 2, "360423001", "x")
        id = hub.identity.register_known(session, known)
        hub.identity.set_address(session, id, f"示范路{n}号", "x")

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            assert hub.identity.citizen_of(session, number(n)) == id, "found by the number"
            assert hub.identity.number_by_phone(session, known.phone, known.name) == number(n), "and by the phone"
            return hub.identity.copy(session, id)

    return read


def wechat(hub: Hub, n: int) -> Read:
    with hub.database.session() as session:
        hub.login._enter(session, f"openid-{n}", f"session-key-{n}", "")

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            citizen = hub.login.citizen_of(session, f"openid-{n}")
            assert citizen
            return citizen, hub.login.wechat_user(session, citizen)

    return read


def account(hub: Hub, n: int) -> Read:
    fresh, _ = hub.accounts.made() if n == 1 else (type("Fresh", (), {"totp_secret": f"S{n}"})(), "")
    with hub.database.session() as session:
        hub.accounts.create(session, f"user.{n}", "officer", fresh, "hash", oidc_subject=f"subject-{n}")

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            found, staff = hub.accounts.of_oidc(session, f"subject-{n}"), hub.identity.staff(session, f"user.{n}")
            assert found and staff
            return found.username, staff.totp_secret

    return read


def company(hub: Hub, n: int) -> Read:
    code = f"91360423MA0000{n:04d}"
    with hub.database.session() as session:
        hub.identity.companies.register(session, CompanyRecord(code, f"示范{n}厂", "张三", "x"))
        hub.mandates.companies.appoint(session, Company(code, f"示范{n}厂"), number(n), "clerk", "x")

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            id = hub.identity.companies.find(session, code)
            assert id
            posts = hub.mandates.companies.posts(session, number(n))
            return hub.identity.companies.record(session, id), posts[0]

    return read


def mandate(hub: Hub, n: int) -> Read:
    person(hub, 2000 + n)
    until = hub.clock.now() + timedelta(days=30)
    with hub.database.session() as session:
        holder = hub.identity.citizen_of(session, number(2000 + n)) or ""
        hub.mandates.offer(session, holder, "parent", Subject(number(n), f"李{n}"), ["service:x"], until)

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            return hub.mandates.of(session, holder)[0]

    return read


def licence(hub: Hub, n: int) -> Read:
    asked = Application("senior-citizen-card", number(n), f"王{n}", {"level": "甲类"}, "材料齐全")
    with hub.database.session() as session:
        id = hub.credentials.desk.issue(session, asked, "officer").id

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            return next(each for each in hub.credentials.desk.of_holder(session, number(n)) if each.id == id)

    return read


def case(hub: Hub, n: int) -> Read:
    caller = Caller(f"c{n:032x}", 2)
    service = hub.settings.now.services["assistance-application"]
    with hub.database.session() as session:
        receipt = hub.cases.submit(session, caller, service, {"reason": f"困难{n}"}, [], [], draft=True).receipt_no
        row = hub.cases.files.find(session, receipt)
        hub.cases.files.note(session, row, "message", "applicant", detail={"text": f"请尽快{n}"})

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            view = hub.cases.one(session, caller, receipt)
            return view.fields, [each.detail for each in view.timeline], hub.cases.files.number(f"officer{n}")

    return read


def task(hub: Hub, n: int) -> Read:
    with hub.database.session() as session:
        id = hub.tasks.assign(session, "site-check", VILLAGE, f"r{n}", {"address": f"示范路{n}号"})
        hub.tasks.query(session, id, VILLAGE, "clerk", f"哪一户{n}")

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            return hub.tasks.get(session, id, VILLAGE)

    return read


def appeal(hub: Hub, n: int) -> Read:
    """It is told to whoever wrote it, in a message."""
    with hub.database.session() as session:
        made = hub.appeals.submit(session, "appeal", f"c{n:032x}", Said(f"第{n}号诉求", "360423001"))
        hub.appeals.answer(session, made.number, made.office, "clerk", f"已处理{n}")

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            told = hub.messages.page(session, f"c{n:032x}")
            return hub.appeals.get(session, made.number, made.office), [each.texts for each in told]

    return read


def match(hub: Hub, n: int) -> Read:
    context = Context("360423-007001", "civil_affairs", "civil_affairs", "education", "o", "resident_id")
    sought, told = Sought(number(n), f"王{n}"), Told(number(n), f"王 {n}", "1990-01-01", f"r{n}")
    with hub.database.session() as session:
        id = hub.matching.queue.add(session, context, sought, told, Verdict("doubtful", "same", "other"))

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            assert hub.matching.queue.found(session, context, sought, told) == (id, "open")
            return hub.matching.queue.get(session, id, "civil_affairs")

    return read


def delivered(hub: Hub, n: int) -> Read:
    source, inbox = f"source{n}", hub.inbox
    declared = {"people": Dataset(frozenset({"id_number"}), ("id_number",), timedelta(days=9), 3)}
    with hub.database.session() as session:
        inbox._keeping.put(session, source, n, declared, [Record("people", f"k{n}", {"id_number": number(n)})])
        inbox._deliveries.store(session, source, Delivery(f"m{n}", f"raw{n}".encode()), True)
        claimed = inbox._deliveries.claim(session, source)
        assert claimed

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            assert not hub.inbox._deliveries.store(session, source, Delivery(f"m{n}", f"raw{n}".encode()), True)
            found = hub.inbox._keeping.find(session, source, "people", "id_number", number(n))
            return found, hub.inbox._deliveries.raw(session, claimed)

    return read


def leg(hub: Hub, n: int) -> Read:
    id = uuid4()
    more: Any = {"service": "s", "system": "x", "operation": "o", "kind": "read", "data_class": 3, "state": "answered"}
    said: Any = {"question": {"n": n}, "answer": {"a": n}, "trace_id": f"t{n}", "outcome": "OK", "keep_days": 3}
    hub.gateway.legs.begin(Entry(id=id, at=hub.clock.now(), **said, **more))

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            return hub.gateway.legs.opened(session, id)

    return read


def submission(hub: Hub, n: int) -> Read:
    def once(hub: Hub, run: Callable[[Any], bytes]) -> Any:
        return hub.submissions.once(f"c{n}", "POST /x", f"key-{n}", b"body", run)

    once(hub, lambda _: f"answer {n}".encode())

    def again(_: Any) -> bytes:
        raise AssertionError("done twice")

    return lambda hub: once(hub, again)


def sample(hub: Hub, n: int) -> Read:
    hub.gateway.samples._slots.acquire()
    hub.gateway.samples._write(f"trace{n}", "x", "o", PortError(sample=f"<html>{n}".encode()))

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            return hub.gateway.samples.find(session, f"trace{n}")

    return read


def declared(hub: Hub, n: int) -> Read:
    holder = Holder(f"c{n:032x}", f"王{n}", number(n))
    with hub.database.session() as session:
        hub.health_code.codes.declare(session, holder, holder.citizen_id, "health", HEALTHY, None)
    printed = hub.health_code.shown.paper(holder.citizen_id, 1, hub.clock.now() + timedelta(days=9))

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            row = hub.health_code.codes.by_number(session, holder.name, number(n)[-6:])
            assert row and hub.health_code.codes.holder(row) == holder
            told = hub.health_code.codes.answers(session, holder.citizen_id)
        return told, hub.health_code.shown.read(printed, hub.clock.now()).citizen_id

    return read


def sighting(hub: Hub, n: int) -> Read:
    at = hub.clock.now()
    with hub.database.session() as session:
        one = Sighting("coach", f"s{n}", "C1", at, at, "id_number", number(n), f"王{n}")
        hub.tracing.sightings.take(session, [one])

    def read(hub: Hub) -> Any:
        with hub.database.session() as session:
            (seen,) = hub.tracing.sightings.of(session, number(n), at - timedelta(1), at + timedelta(1))
            return hub.tracing.sightings.who(seen)

    return read


def evidence(hub: Hub, n: int) -> Read:
    at, ledger = hub.clock.now(), hub.ledger
    hub.ledger.evidence.decide(statement(subject_tag=ledger.evidence.subject_tag("resident_id", number(n)), at=at))
    hub.flow.crossed([Crossing(f"x{n}", VILLAGE, "south", "in", at, hub.flow.tag(number(n)))])
    with hub.database.session() as session:
        ledger.canaries.make(session, f"office{n}", 1, "13800000000")

    def read(hub: Hub) -> Any:
        tags = hub.ledger.evidence.subject_tags("resident_id", number(n))
        whose = Whose((hub.gateway.tag(f"c{n}"),), tuple(tags[:1]))
        with hub.database.session() as session:
            (line,) = hub.ledger.access.page(session, whose, None, None, None, 10)
            assert line.statement
            return line, whose, hub.flow.tag(number(n)), hub.ledger.canaries.of(session, f"office{n}")

    return read


WRITES: Mapping[str, Callable[[Hub, int], Read]] = {
    each.__name__: each
    for each in (
        person, wechat, account, company, mandate, licence, case, task, appeal, match, delivered, leg, submission,
        sample, declared, sighting, evidence,
    )
}  # fmt: skip
