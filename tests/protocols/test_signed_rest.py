"""Signed REST against the twins: each quirk of legacy.md 4 by its name, tokens, keys that rotate, pages."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from adapters.twins.twin import Answer, Request
from hub.errors import Problem
from hub.port import Adapter, Denied, Garbled, OutcomeUnknown, Rejected, Unavailable
from hub.settings.reader import read_yaml
from tests.protocols.bureau import FOLDER, HAN, LIN, WANG, Bureau, ask, at_once
from tests.protocols.conftest import Worker

Start = Callable[[str], Bureau]
FUND, VEHICLES = "housing_fund", "vehicle_administration"


@pytest.fixture
def fund(start: Start) -> Bureau:
    return start(FUND)


@pytest.fixture
def vehicles(start: Start) -> Bureau:
    return start(VEHICLES)


def shipped(system: str) -> dict[str, Any]:
    return copy.deepcopy(read_yaml(FOLDER / system / "system.yaml").value)


def spied(department: Bureau) -> list[Request]:
    seen: list[Request] = []
    answer = department.twin.answer

    def noting(request: Request) -> Answer:
        seen.append(request)
        given: Answer = answer(request)
        return given

    department.twin.answer = noting
    return seen


def test_yuan_in_one_operation_and_fen_in_the_other(fund: Bureau, worker: Worker) -> None:
    adapter = fund.open(worker(FUND))
    account = ask(adapter, "query_account", **HAN).fields
    assert account == {
        **HAN,
        "account_no": "360423519423",
        "employer": "示范县第30单位（虚构）",
        "monthly_fen": 284317,
        "balance_fen": 29284651,
        "status": "normal",
        "opened_on": "2009-03-03",
    }
    record = ask(adapter, "query_records", **HAN).fields["records"][0]
    assert record == {
        "number": "0001", "date": "2023-01-15", "kind": "deposit", "amount_fen": 25708, "balance_fen": 224230
    }  # fmt: skip


def test_a_period_is_asked_for(fund: Bureau, worker: Worker) -> None:
    period = {"from": "2024-03-01", "to": "2025-02-28"}
    records = ask(fund.open(worker(FUND)), "query_records", **HAN, **period).fields["records"]
    assert [records[0]["date"], records[-1]["date"], len(records)] == ["2024-03-15", "2025-02-15", 12]


def test_all_pages_are_one_answer(fund: Bureau, worker: Worker) -> None:
    seen = spied(fund)
    reply = ask(fund.open(worker(FUND)), "query_records", **HAN)
    assert len(reply.fields["records"]) == 36
    assert [dict(parse_qsl(each.body.decode()))["pageNo"] for each in seen] == ["0", "1"]
    assert reply.request_bytes > sum(len(each.body) for each in seen)


def test_pages_that_contradict_each_other_are_refused(fund: Bureau, worker: Worker) -> None:
    adapter = fund.open(worker(FUND))
    records = fund.twin._records
    other = fund.twin.county.residents[LIN["id_number"]]
    fund.twin._records = lambda person, form: records(other if form["pageNo"] == "1" else person, form)
    with pytest.raises(Garbled) as caught:  # whose record is it?
        ask(adapter, "query_records", **HAN)
    assert caught.value.code == "UPSTREAM_CONFLICT"
    fund.twin._records = lambda person, form: {**records(person, form), "total": "37"}
    with pytest.raises(Garbled) as caught:
        ask(adapter, "query_records", **HAN)
    assert caught.value.code == "UPSTREAM_TRUNCATED"
    fund.twin._records = lambda person, form: {**records(person, form), "total": "100000"}
    with pytest.raises(Garbled) as caught:
        ask(adapter, "query_records", **HAN)
    assert caught.value.code == "UPSTREAM_TOO_LARGE"


@pytest.mark.parametrize(
    ("quirk", "rule"),
    [
        ("Q20", {"charset": "utf-8"}),
        ("Q21", {"empty": "keep"}),
        ("Q22", {"key_position": "prepend"}),
    ],
)
def test_quirk_Q20_quirk_Q21_quirk_Q22_the_rule_is_configuration(
    fund: Bureau, worker: Worker, quirk: str, rule: Mapping[str, str]
) -> None:
    """A department that signs otherwise is met by another line in system.yaml."""
    fund.tell("/twin/quirks", **{quirk: False})
    facts = shipped(FUND)
    if quirk == "Q21":  # an empty field that both sides must treat alike
        facts["operations"]["query_account"]["request"]["constants"] = {"bz": ""}
    with pytest.raises(Denied):
        ask(fund.open(worker(FUND), facts), "query_account", **HAN)
    facts["signed_rest"]["sign"] |= rule
    assert ask(fund.open(worker(FUND), facts), "query_account", **HAN).fields["name"] == HAN["name"]


@pytest.mark.parametrize("system", [FUND, VEHICLES])
@pytest.mark.parametrize("with_200", [True, False])
def test_quirk_Q23_a_wrong_signature_is_denied_not_rejected(
    start: Start, worker: Worker, system: str, with_200: bool
) -> None:
    department = start(system)
    department.tell("/twin/quirks", Q23=with_200)
    operation = "query_account" if system == FUND else "query_vehicles"
    with pytest.raises(Denied):
        ask(department.open(worker(system), key="wrong", key_old="also wrong"), operation, **HAN)


@pytest.mark.parametrize("system", [FUND, VEHICLES])
def test_quirk_Q24_the_departments_clock_is_off(start: Start, worker: Worker, system: str) -> None:
    """It is noticed and can be shown; beyond the window the refusal says why."""
    department = start(system)
    operation = "query_account" if system == FUND else "query_vehicles"
    adapter: Any = department.open(worker(system))
    assert adapter.skew_s is None
    department.tell("/twin/quirks", Q24=240)
    ask(adapter, operation, **HAN)
    assert 235 < adapter.skew_s < 245
    department.tell("/twin/quirks", Q24=-360)
    with pytest.raises(Denied) as caught:
        ask(adapter, operation, **HAN)
    assert "clock" in caught.value.note and -365 < adapter.skew_s < -355


def test_quirk_Q24_a_token_that_expires_in_mid_use(vehicles: Bureau, worker: Worker) -> None:
    adapter = vehicles.open(worker(VEHICLES))
    ask(adapter, "query_vehicles", **HAN)
    vehicles.tell("/twin/tokens", "DELETE")
    assert ask(adapter, "query_vehicles", **LIN).fields["id_number"] == LIN["id_number"]
    assert vehicles.twin.tokens == 2
    vehicles.tell("/twin/quirks", Q24="token")  # each works once
    for _ in range(3):
        ask(adapter, "query_licence", **HAN)


def test_quirk_Q24_a_token_refused_at_once_is_given_up(vehicles: Bureau, worker: Worker) -> None:
    adapter = vehicles.open(worker(VEHICLES))
    value = vehicles.twin._value

    def forgetful(request: Request) -> dict[str, Any]:
        given: dict[str, Any] = value(request)
        vehicles.twin._token = ""
        return given

    vehicles.twin._value = forgetful
    with pytest.raises(Garbled) as caught:
        ask(adapter, "query_vehicles", **HAN)
    assert caught.value.code == "UPSTREAM_SESSION"
    assert vehicles.twin.tokens == 2


def test_quirk_Q24_fifty_callers_fetch_one_token(vehicles: Bureau, new_worker: Callable[[], Worker]) -> None:
    """A new token voids the one before: two workers that fetched each their own would throw each other out."""
    adapters = [vehicles.open(new_worker()(VEHICLES)) for _ in range(2)]
    for adapter in adapters:
        ask(adapter, "query_vehicles", **HAN)
    vehicles.tell("/twin/tokens", "DELETE")

    def call(number: int) -> None:
        who = (HAN, LIN, WANG)[number % 3]
        assert ask(adapters[number % 2], "query_vehicles", 20, **who).fields["id_number"] == who["id_number"]

    assert not at_once(50, call)
    assert vehicles.twin.tokens == 2


def test_the_token_is_fetched_early_and_is_not_for_callers(vehicles: Bureau, worker: Worker) -> None:
    facts = shipped(VEHICLES)
    facts["signed_rest"]["token"]["early_s"] = 7199  # trusted for one second of its two hours
    adapter = vehicles.open(worker(VEHICLES), facts)
    ask(adapter, "query_vehicles", **HAN)
    time.sleep(1.1)
    ask(adapter, "query_vehicles", **HAN)
    assert vehicles.twin.tokens == 2
    with pytest.raises(Unavailable):
        ask(adapter, "fetch_token")


@pytest.mark.parametrize("system", [FUND, VEHICLES])
def test_feat_C4_two_keys_are_valid_while_they_rotate(start: Start, worker: Worker, system: str) -> None:
    department = start(system)
    operation = "query_account" if system == FUND else "query_vehicles"
    adapter = department.open(worker(system))
    seen = spied(department)

    def asked() -> int:
        """How many requests one question took."""
        seen.clear()
        ask(adapter, operation, **HAN)
        return len([each for each in seen if each.path != "/oauth/token"])

    asked()
    department.tell("/twin/keys", accepted=["key_old"])  # the department is not that far yet
    assert asked() == 2  # refused with the new key, understood with the old one …
    assert asked() == 1  # … which is remembered
    department.tell("/twin/keys", accepted=["key"])  # now it is
    assert asked() == 2
    assert asked() == 1
    department.tell("/twin/keys", accepted=[])
    with pytest.raises(Denied):
        asked()
    assert len([each for each in seen if each.path != "/oauth/token"]) <= 2


def test_feat_C4_a_write_is_never_tried_with_the_other_key(fund: Bureau, worker: Worker) -> None:
    facts = shipped(FUND)
    facts["operations"]["query_account"]["kind"] = "write"
    facts["probe"] = {"operation": "query_records"}
    facts["filing"] = {"class": "R4"}
    adapter = fund.open(worker(FUND), facts)
    fund.tell("/twin/keys", accepted=["key_old"])
    with pytest.raises(Denied):
        ask(adapter, "query_account", **HAN)
    assert fund.twin.calls == 1


def filing(fund: Bureau, worker: Worker, receipt: str) -> Adapter:
    """The account's page as one that files, whose answer tells the department's own number there."""
    facts = shipped(FUND)
    facts["operations"]["query_account"]["kind"] = "write"
    facts["operations"]["query_account"]["answer"]["receipt"] = receipt
    facts["probe"] = {"operation": "query_records"}
    facts["filing"] = {"class": "R4"}
    return fund.open(worker(FUND), facts)


def test_fault_F11_accepted_without_the_departments_own_number_is_not_done(fund: Bureau, worker: Worker) -> None:
    assert ask(filing(fund, worker, "data.grzh"), "query_account", **HAN).receipt
    with pytest.raises(Garbled, match="own number is missing"):
        ask(filing(fund, worker, "data.slbh"), "query_account", **HAN)


def test_fault_F12_filed_without_an_answer_is_unknown_and_not_sent_again(fund: Bureau, worker: Worker) -> None:
    adapter = filing(fund, worker, "data.grzh")
    ask(adapter, "query_account", **HAN)  # the line is kept: a read would be asked again on a fresh one
    fund.tell("/twin/toxics", accept_then_drop=True)
    before = fund.twin.calls
    with pytest.raises(OutcomeUnknown):
        ask(adapter, "query_account", **HAN)
    assert fund.twin.calls == before + 1


def test_one_key_is_enough_and_none_is_a_wrong_configuration(fund: Bureau, worker: Worker) -> None:
    assert ask(fund.open(worker(FUND), key_old=""), "query_account", **HAN).fields["name"] == HAN["name"]
    for missing in ("key", "username"):
        with pytest.raises(Problem) as caught:
            fund.open(worker(FUND), **{missing: ""})
        assert caught.value.code == "CONFIG_INVALID" and missing in caught.value.note


def test_feat_C4_an_answer_must_be_signed_by_the_department(vehicles: Bureau, worker: Worker) -> None:
    adapter = vehicles.open(worker(VEHICLES))
    kept: list[Answer] = []
    answer = vehicles.twin.answer

    def recorded(request: Request) -> Answer:
        kept.append(answer(request))
        return kept[-1]

    vehicles.twin.answer = recorded
    ask(adapter, "query_vehicles", **HAN)
    true = kept[-1]
    forged = true.body.replace(b'"openViolations":0', b'"openViolations":9').replace(
        "测试牌".encode(), "样例牌".encode()
    )
    assert forged != true.body
    unsigned = [(name, value) for name, value in true.headers if name != "X-Signature"]
    for wrong in (
        Answer(forged, 200, true.media_type, true.headers),  # changed on the way
        Answer(true.body, 200, true.media_type, unsigned),  # signed by nobody
        true,  # the answer to an earlier question
        Answer(b'{"code":"2001","msg":""}', 200, true.media_type),  # a refusal signed by nobody
    ):
        vehicles.twin.answer = lambda request, wrong=wrong: wrong
        with pytest.raises(Garbled) as caught:
            ask(adapter, "query_vehicles", **HAN)
        assert caught.value.sample


def test_feat_C4_a_nonce_is_new_for_every_request(vehicles: Bureau, worker: Worker) -> None:
    seen = spied(vehicles)
    adapter = vehicles.open(worker(VEHICLES))
    for _ in range(5):
        ask(adapter, "query_vehicles", **HAN)
    assert len({each.headers["x-nonce"] for each in seen}) == len(seen) == 6


def test_what_a_department_refuses_is_told_by_our_own_table(fund: Bureau, vehicles: Bureau, worker: Worker) -> None:
    nobody = {"id_number": "362623190101010001", "name": "某某"}
    for department, operation, code in (
        (fund, "query_account", "ACCOUNT_NOT_FOUND"),
        (vehicles, "query_vehicles", "PERSON_NOT_FOUND"),
    ):
        with pytest.raises(Rejected) as caught:
            ask(department.open(worker(department.system)), operation, **nobody)
        assert caught.value.faults[0].code == code
        assert set(caught.value.faults[0].message or ()) == {"zh", "en"}
        department.open(worker(department.system)).probe(time.monotonic() + 3)


@pytest.mark.parametrize("name", ["王䶮", "𠮷田", "阿依•古丽"])
def test_row_B53_a_letter_it_cannot_hold_is_told_before_a_byte_leaves(fund: Bureau, worker: Worker, name: str) -> None:
    with pytest.raises(Problem) as caught:
        ask(fund.open(worker(FUND)), "query_account", id_number=HAN["id_number"], name=name)
    assert caught.value.code == "NAME_NOT_REPRESENTABLE" and fund.twin.calls == 0


def test_a_utf8_department_holds_every_name(vehicles: Bureau, worker: Worker) -> None:
    adapter = vehicles.open(worker(VEHICLES))
    rare = [person for person in vehicles.twin.county.residents.values() if not _in_gbk(person.name)]
    assert len(rare) >= 10
    for person in rare:
        fields = ask(adapter, "query_vehicles", id_number=person.id_number, name=person.name).fields
        assert fields["name"] == person.name


def test_no_personal_value_stands_in_a_url_or_header(fund: Bureau, vehicles: Bureau, worker: Worker) -> None:
    seen = spied(fund), spied(vehicles)
    ask(fund.open(worker(FUND)), "query_account", **HAN)
    ask(vehicles.open(worker(VEHICLES)), "query_vehicles", **HAN)
    for request in (*seen[0], *seen[1]):
        assert not request.query
        assert HAN["id_number"] not in request.path + "".join(request.headers.values())


def test_a_write_with_a_lost_token_is_not_sent_again(vehicles: Bureau, worker: Worker) -> None:
    facts = shipped(VEHICLES)
    facts["operations"]["query_licence"]["kind"] = "write"
    facts["filing"] = {"class": "R4"}
    adapter = vehicles.open(worker(VEHICLES), facts)
    ask(adapter, "query_vehicles", **HAN)
    vehicles.tell("/twin/tokens", "DELETE")
    seen = spied(vehicles)
    with pytest.raises(OutcomeUnknown) as caught:
        ask(adapter, "query_licence", **HAN)
    assert caught.value.code == "UPSTREAM_SESSION"
    assert [each.path for each in seen] == ["/api/v2/licence", "/oauth/token"]


def _in_gbk(name: str) -> bool:
    try:
        return bool(name.encode("gbk"))
    except UnicodeEncodeError:
        return False
