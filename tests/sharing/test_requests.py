"""Data is asked for, decided in time or told upward, and used only as granted (K1, K2, K3, X7); by service, over a
moved clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from hub.clock import CHINA, Clock
from hub.database import Database
from hub.errors import Problem
from hub.settings.sharing_shapes import Sharing as Configured
from hub.settings.sharing_shapes import Source
from hub.sharing import rules
from hub.sharing.requests import Request, Wanted
from hub.sharing.service import Sharing
from hub.workdays import Workdays

CLASSES = Path(__file__).parents[2] / "adapters/twins/county/data_classes.json"
DEPARTMENTS = {each["owner"] for each in json.loads(CLASSES.read_text(encoding="utf-8"))}
MARRIAGE, ADOPTION, CLAIMS, COMPANIES = "360423-007001", "360423-007003", "360423-025002", "360423-023001"
SOURCE = Source("civil_affairs", "query_marriage", ("id_number", "name"), {"name": "name", "marital_status": "status"})
PURPOSE = "核验困难学生家庭情况"
LAW = ("涉及个人隐私，超出申请用途", "个人信息保护法第六条")


@dataclass
class Calendar(Clock):
    at: datetime = datetime(2026, 9, 18, 10, 0, tzinfo=CHINA)  # a Friday; Sunday the 20th is a working day

    def now(self) -> datetime:
        return self.at


@dataclass
class Desk:
    sharing: Sharing
    clock: Calendar
    session: Session

    def ask(self, resource: str = MARRIAGE, *fields: str, **more: Any) -> Request:
        wanted = Wanted(
            resource, fields or ("name", "marital_status"), PURPOSE, "政务数据共享条例", more.pop("days", 30)
        )
        return self.sharing.requests.ask(self.session, more.pop("office", "education"), "s-edu", wanted)

    def decide(self, request: Request, office: str, decision: Any = "approve", *why: str) -> Request:
        reason, basis = why or ("", "")
        return self.sharing.requests.decide(self.session, request.id, office, f"s-{office}", decision, reason, basis)

    def granted(self, *fields: str, days: int = 30) -> Request:
        request = self.ask(MARRIAGE, *fields, days=days)
        self.decide(request, "data_bureau")
        return self.decide(request, "civil_affairs")

    def permit(self, *fields: str, office: str = "education", purpose: str = PURPOSE, officer: str = "s-edu") -> Any:
        return self.sharing.grants.permit(
            self.session, office, MARRIAGE, purpose, fields or ("name",), officer, self.clock.now()
        )

    def later(self, **by: int) -> int:
        self.clock.at += timedelta(**by)
        return self.sharing.count_silence(self.session)


@pytest.fixture(scope="module")
def catalogue(make_database: Any) -> Iterator[Database]:
    """With the county's data classes, taken on the calendar's first day."""
    database = Database(make_database(), pool_size=2)
    sharing = Sharing(Calendar(), Workdays.load(), Configured)
    with database.session() as session:
        assert sharing.resources.take(session, CLASSES, dict.fromkeys(DEPARTMENTS)) == (124, [])
    yield database
    database.close()


@pytest.fixture
def desk(catalogue: Database) -> Iterator[Desk]:
    """What a test does is undone after it."""
    clock, configured = Calendar(), Configured("data_bureau", "gov_office", sources={MARRIAGE: SOURCE})
    with Session(catalogue.engine, expire_on_commit=False) as session:
        yield Desk(Sharing(clock, Workdays.load(), lambda: configured), clock, session)


def refused(code: str, act: Any) -> Problem:
    with pytest.raises(Problem) as told:
        act()
    assert told.value.code == code
    return told.value


def test_feat_K1_124_classes_of_53_departments(desk: Desk) -> None:
    everything = desk.sharing.resources.page(desk.session, limit=200)
    assert len(everything) == 124 and len({each.department for each in everything}) == 53
    kinds = [each.shared_type for each in everything]
    counted = {kind: kinds.count(kind) for kind in ("unconditional", "conditional", "not_shared")}
    assert counted == {"unconditional": 53, "conditional": 65, "not_shared": 6}
    assert all(each.basis and each.argued_until for each in everything if each.shared_type == "not_shared")
    one = desk.sharing.resources.get(desk.session, MARRIAGE)
    assert {each.name: (each.classification, each.answered) for each in one.columns}["marital_status"] == (3, True)
    assert one.published and not desk.sharing.resources.get(desk.session, ADOPTION).published


def test_feat_K1_found_by_word_department_and_kind(desk: Desk) -> None:
    def ids(*asked: str) -> set[str]:
        return {each.id for each in desk.sharing.resources.page(desk.session, *asked, limit=200)}

    assert MARRIAGE in ids("婚姻登记") and MARRIAGE in ids("hydj") and MARRIAGE in ids("配偶")
    assert ids("%") == set(), "a sign of the database's own is only a sign"
    assert len(ids("", "civil_affairs")) == 7 and len(ids("", "", "not_shared")) == 6
    assert len(desk.sharing.resources.page(desk.session, limit=5, after=MARRIAGE)) == 5


def test_feat_X7_not_shared_is_argued_and_ends_by_itself(desk: Desk) -> None:
    argue = desk.sharing.resources.argue
    for condition, basis in (("", "法"), ("因", "")):
        refused("REQUIRED", lambda c=condition, b=basis: argue(
            desk.session, MARRIAGE, "civil_affairs", "not_shared", c, b))  # fmt: skip
    refused("NOT_FOUND", lambda: argue(desk.session, MARRIAGE, "police", "not_shared", *LAW))
    assert argue(desk.session, MARRIAGE, "civil_affairs", "not_shared", *LAW).shared_type == "not_shared"
    desk.clock.at += timedelta(days=365)
    assert desk.sharing.resources.get(desk.session, MARRIAGE).shared_type == "conditional"
    assert not desk.sharing.resources.page(desk.session, "", "", "not_shared")


def test_feat_X7_a_new_import_leaves_what_the_owner_said(desk: Desk) -> None:
    desk.sharing.resources.argue(desk.session, MARRIAGE, "civil_affairs", "not_shared", *LAW)
    desk.sharing.resources.take(desk.session, CLASSES, dict.fromkeys(DEPARTMENTS))
    assert desk.sharing.resources.get(desk.session, MARRIAGE).shared_type == "not_shared"


def test_feat_K1_what_is_wrong_in_a_list_is_told_and_the_rest_taken(desk: Desk, tmp_path: Path) -> None:
    good = json.loads(CLASSES.read_text(encoding="utf-8"))[0]
    bad = [{**good, "owner": "nobody"}, {**good, "sharing": "secret"}, {"code": 1}, "x",
           {**good, "fields": [{**good["fields"][0], "sensitivity": 9}]},
           {**good, "sharing": "not_shared", "condition": None}]  # fmt: skip
    (tmp_path / "classes.json").write_text(json.dumps([*bad, good]), encoding="utf-8")
    taken, told = desk.sharing.resources.take(desk.session, tmp_path / "classes.json", dict.fromkeys(DEPARTMENTS))
    assert (taken, len(told)) == (1, len(bad))


def test_feat_K2_review_then_owner_then_a_right(desk: Desk) -> None:
    request = desk.ask()
    assert (request.state, f"{request.review_due:%m-%d}") == ("review", "09-21"), "2 working days, one of them a Sunday"
    refused("NOT_FOUND", lambda: desk.decide(request, "civil_affairs"))
    passed = desk.decide(request, "data_bureau")
    assert passed.owner_due and (passed.state, f"{passed.owner_due:%m-%d}") == ("owner", "09-24")
    refused("NOT_FOUND", lambda: desk.decide(request, "data_bureau"))
    done = desk.decide(request, "civil_affairs")
    assert (done.state, [act.act for act in done.acts]) == ("granted", ["asked", "approve", "approve"])
    assert desk.permit("name", "marital_status").fields == ("name", "marital_status")
    refused("STATE_CONFLICT", lambda: desk.decide(request, "civil_affairs"))


def test_feat_K2_what_nothing_answers_yet_has_ten_days(desk: Desk) -> None:
    passed = desk.decide(desk.ask(ADOPTION, "name"), "data_bureau")
    assert passed.owner_due and f"{passed.owner_due:%m-%d}" == "10-09", "over the holidays of the first of October"


def test_feat_K2_without_condition_the_owner_is_not_asked(desk: Desk) -> None:
    assert desk.decide(desk.ask(COMPANIES, "org_name"), "data_bureau").state == "granted"


def test_feat_K2_a_refusal_names_reason_and_law_and_may_be_disputed_once(desk: Desk) -> None:
    request = desk.ask()
    for why in (("", ""), (LAW[0], ""), ("", LAW[1])):
        refused("REQUIRED", lambda w=why: desk.decide(request, "data_bureau", "refuse", *w))
    told = desk.decide(request, "data_bureau", "refuse", *LAW)
    assert (told.state, told.refused_by, told.refusal_reason, told.refusal_basis) == ("refused", "data_bureau", *LAW)
    dispute = desk.sharing.requests.dispute
    refused("NOT_FOUND", lambda: dispute(desk.session, request.id, "police", "s-police", "不同意"))
    assert dispute(desk.session, request.id, "education", "s-edu", "用途明确").state == "disputed"
    refused("NOT_FOUND", lambda: desk.decide(request, "data_bureau"))
    assert desk.decide(request, "gov_office", "refuse", *LAW).state == "upheld"
    refused("STATE_CONFLICT", lambda: dispute(desk.session, request.id, "education", "s-edu", "再次"))


def test_feat_K2_upward_it_may_be_granted_and_never_by_who_asked(desk: Desk) -> None:
    request = desk.ask()
    decide = desk.sharing.requests.decide
    refused("SECOND_PERSON_REQUIRED", lambda: decide(
        desk.session, request.id, "data_bureau", "s-edu", "approve", "", ""))  # fmt: skip
    desk.decide(request, "data_bureau", "refuse", *LAW)
    desk.sharing.requests.dispute(desk.session, request.id, "education", "s-edu", "用途明确")
    assert desk.decide(request, "gov_office").state == "granted" and desk.permit("name")


def test_feat_X7_silence_goes_upward_and_each_further_week_is_counted(desk: Desk) -> None:
    request = desk.ask()
    assert desk.later(days=3) == 0, "the last day is not over"
    assert desk.later(days=1) == 1 and desk.later(hours=1) == 0
    late = desk.sharing.requests.get(desk.session, request.id)
    assert (late.silent, late.raised_to, late.acts[-1].office) == (1, "gov_office", "data_bureau")
    assert desk.later(days=9) == 1 and desk.sharing.resources.counted(desk.session, MARRIAGE).silent == 2
    listed = desk.sharing.requests.page(desk.session, "gov_office", late=True)
    assert [each.id for each in listed] == [request.id]
    assert desk.decide(request, "gov_office").state == "owner", "who got it upward decides in the other's place"


def test_feat_X7_what_is_not_shared_is_refused_by_its_argument_and_counted(desk: Desk) -> None:
    request = desk.ask(CLAIMS, "total_cost_fen")
    assert (request.state, request.refused_by) == ("refused", "rule") and request.refusal_basis
    assert desk.sharing.resources.counted(desk.session, CLAIMS).refusals == 1
    assert desk.sharing.requests.dispute(desk.session, request.id, "education", "s-edu", "必需").state == "disputed"


def test_what_cannot_be_asked_for(desk: Desk) -> None:
    for code, path, act in (
        ("CHOICE", "fields.1", lambda: desk.ask(MARRIAGE, "name", "salary")),
        ("RANGE", "days", lambda: desk.ask(days=366)),
        ("CHOICE", "resource", lambda: desk.ask(office="civil_affairs")),
    ):
        assert refused(code, act).faults[0].path == path
    refused("NOT_FOUND", lambda: desk.ask("360423-999999"))
    refused("ROLE_REQUIRED", lambda: desk.ask(office=""))


def test_feat_K3_a_right_covers_nothing_besides(desk: Desk) -> None:
    refused("GRANT_MISSING", desk.permit)
    desk.granted("name", "marital_status", days=30)
    assert desk.permit("name")
    refused("GRANT_MISSING", lambda: desk.permit(office="police"))
    refused("GRANT_PURPOSE", lambda: desk.permit(purpose="催收欠款"))
    refused("GRANT_OFFICER", lambda: desk.permit(officer="s-other"))
    refused("GRANT_FIELD", lambda: desk.permit("name", "spouse_id"))
    desk.clock.at += timedelta(days=30) - timedelta(seconds=1)
    assert desk.permit("name")
    desk.clock.at += timedelta(seconds=1)
    refused("GRANT_EXPIRED", desk.permit)


def test_feat_K3_taken_back_it_ends_at_once(desk: Desk) -> None:
    desk.granted("name")
    grant = desk.permit("name")
    refused("NOT_FOUND", lambda: desk.sharing.grants.revoke(desk.session, grant.id, "police"))
    assert desk.sharing.grants.revoke(desk.session, grant.id, "civil_affairs").revoked_by == "civil_affairs"
    refused("GRANT_EXPIRED", desk.permit)
    assert not desk.sharing.grants.page(desk.session, "police")
    assert [each.id for each in desk.sharing.grants.page(desk.session, "education")] == [grant.id]


@pytest.mark.parametrize(
    ("state", "decision", "kind", "to"),
    [
        ("review", "approve", "conditional", "owner"),
        ("review", "approve", "unconditional", "granted"),
        ("review", "approve", "not_shared", "owner"),
        ("owner", "approve", "conditional", "granted"),
        ("owner", "refuse", "conditional", "refused"),
        ("disputed", "approve", "not_shared", "granted"),
        ("disputed", "refuse", "conditional", "upheld"),
    ],
)
def test_feat_K2_which_way_a_decision_leads(state: str, decision: Any, kind: Any, to: str) -> None:
    assert rules.onward(state, decision, kind) == to
