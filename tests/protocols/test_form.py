"""GBK forms and HTML pages behind a login, against the twins: each quirk of legacy.md 3 by its name."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import pytest
from redis import Redis

from adapters.twins import form_site
from adapters.twins.twin import Request
from hub.errors import Problem
from hub.port import Denied, Garbled, Rejected, Unavailable
from tests.protocols.bureau import HAN, LIN, WANG, Bureau, ask, at_once
from tests.protocols.conftest import Worker

Start = Callable[[str], Bureau]


@pytest.fixture
def civil(start: Start) -> Bureau:
    return start("civil_affairs")


@pytest.fixture
def social(start: Start) -> Bureau:
    return start("social_security")


def spied(department: Bureau) -> list[Request]:
    """Every request that reaches the department from now on."""
    seen: list[Request] = []
    answer = department.twin.answer

    def noting(request: Request) -> Any:
        seen.append(request)
        return answer(request)

    department.twin.answer = noting
    return seen


def test_reads_pairs_from_a_page(civil: Bureau, worker: Worker) -> None:
    reply = ask(civil.open(worker("civil_affairs")), "query_marriage", **HAN)
    assert reply.fields == {
        **HAN,
        "status": "married",
        "spouse_name": "林美梅",
        "spouse_id_number": LIN["id_number"],
        "registered_on": "1924-04-15",
        "authority": "示范县民政局婚姻登记处",
    }
    assert reply.request_bytes > 300 and reply.response_bytes > 900


def test_reads_lists_of_0_1_and_n_rows(civil: Bureau, social: Bureau, worker: Worker) -> None:
    adapter = civil.open(worker("civil_affairs"))
    lengths = [len(ask(adapter, "query_assistance", **who).fields["payments"]) for who in (WANG, LIN, HAN)]
    assert lengths == [0, 1, 2]
    reply = ask(social.open(worker("social_security")), "query_contributions", year=2024, **HAN)
    assert [row["month"] for row in reply.fields["contributions"]] == [f"2024-{month:02d}" for month in range(1, 13)]
    assert all(isinstance(row["base_fen"], int) for row in reply.fields["contributions"])


def test_what_a_department_refuses_is_told_by_our_own_table(civil: Bureau, worker: Worker) -> None:
    adapter = civil.open(worker("civil_affairs"))
    for fields, code in (
        ({"id_number": "362623190101010001", "name": "某某"}, "PERSON_NOT_FOUND"),
        ({"id_number": HAN["id_number"], "name": "韩山富"}, "NAME_MISMATCH"),
    ):
        with pytest.raises(Rejected) as caught:
            ask(adapter, "query_marriage", **fields)
        message = caught.value.faults[0].message
        assert caught.value.faults[0].code == code
        assert isinstance(message, dict) and set(message) == {"zh", "en"}
        assert ask(adapter, "query_marriage", **HAN).fields["name"] == "韩山福"  # the session lives on
    assert civil.twin.logins == 1


def test_a_refusal_the_table_does_not_know_is_garbled(civil: Bureau, worker: Worker) -> None:
    adapter = civil.open(worker("civil_affairs"))
    civil.twin.resident = lambda form: form_site.message("java.lang.NullPointerException")
    with pytest.raises(Garbled) as caught:
        ask(adapter, "query_marriage", **HAN)
    assert "NullPointer" not in str(caught.value) and b"NullPointer" in caught.value.sample


def test_a_wrong_password_is_denied(civil: Bureau, worker: Worker) -> None:
    with pytest.raises(Denied):
        ask(civil.open(worker("civil_affairs"), password="wrong"), "query_marriage", **HAN)
    with pytest.raises(Problem) as caught:
        civil.open(worker("civil_affairs"), password="")
    assert caught.value.code == "CONFIG_INVALID" and "password" in caught.value.note


def test_the_probe_proves_login_and_pages(civil: Bureau, social: Bureau, worker: Worker) -> None:
    civil.open(worker("civil_affairs")).probe(time.monotonic() + 3)
    social.open(worker("social_security")).probe(time.monotonic() + 3)
    civil.tell("/twin/toxics", status=500)
    with pytest.raises(Unavailable):
        civil.open(worker("civil_affairs")).probe(time.monotonic() + 3)


def test_quirk_Q4_maintenance_page_under_200(civil: Bureau, worker: Worker) -> None:
    civil.tell("/twin/quirks", Q4=True)
    with pytest.raises(Unavailable) as caught:
        ask(civil.open(worker("civil_affairs")), "query_marriage", **HAN)
    assert isinstance(caught.value.notice, dict) and "维护" in caught.value.notice["zh"]


@pytest.mark.parametrize("header", [True, False])
def test_quirk_Q13_no_charset_in_the_header(civil: Bureau, worker: Worker, header: bool) -> None:
    civil.tell("/twin/quirks", Q13=header)
    assert ask(civil.open(worker("civil_affairs")), "query_marriage", **HAN).fields["spouse_name"] == "林美梅"


@pytest.mark.parametrize("gb2312", [True, False])
def test_quirk_Q14_says_gb2312_and_is_gbk(civil: Bureau, worker: Worker, gb2312: bool) -> None:
    """镕 is in GBK and not in GB 2312: a parser that believes the page cuts the name to 李."""
    rare = next(
        person
        for person in civil.twin.county.residents.values()
        if not _holds(person.name, "gb2312") and _holds(person.name, "gbk")
    )
    civil.tell("/twin/quirks", Q14=gb2312)
    adapter = civil.open(worker("civil_affairs"))
    assert ask(adapter, "query_marriage", id_number=rare.id_number, name=rare.name).fields["name"] == rare.name


@pytest.mark.parametrize("lost", [True, "login"])
def test_quirk_Q15_row_B93_a_lost_session_comes_with_200(social: Bureau, worker: Worker, lost: bool | str) -> None:
    social.tell("/twin/quirks", Q15=lost)
    adapter = social.open(worker("social_security"))
    ask(adapter, "query_pension", **HAN)
    social.tell("/twin/sessions/expire", "POST")
    assert ask(adapter, "query_pension", **HAN).fields["id_number"] == HAN["id_number"]
    assert social.twin.logins == 2


@pytest.mark.parametrize("system", ["civil_affairs", "social_security"])
def test_quirk_Q15_row_B93_lost_twice_is_given_up(start: Start, worker: Worker, system: str) -> None:
    department = start(system)
    department.tell("/twin/quirks", Q15="always")
    adapter = department.open(worker(system))
    operation = "query_marriage" if system == "civil_affairs" else "query_pension"
    with pytest.raises(Garbled) as caught:
        ask(adapter, operation, **HAN)
    assert caught.value.code == "UPSTREAM_SESSION"
    assert department.twin.logins == 2


def test_quirk_Q16_a_second_login_voids_the_first(social: Bureau, new_worker: Callable[[], Worker]) -> None:
    """One holder of the session: workers share it, so nobody throws the other out."""
    social.tell("/twin/quirks", Q16=True)
    adapters = [social.open(new_worker()("social_security")) for _ in range(2)]
    for _ in range(5):
        for adapter in adapters:
            ask(adapter, "query_pension", **HAN)
    assert social.twin.logins == 1


def test_quirk_Q17_forms_go_out_in_the_departments_charset(civil: Bureau, worker: Worker) -> None:
    seen = spied(civil)
    name = next(person for person in civil.twin.county.residents.values() if "·" in person.name)
    adapter = civil.open(worker("civil_affairs"))
    assert ask(adapter, "query_marriage", id_number=name.id_number, name=name.name).fields["name"] == name.name
    form = next(request for request in seen if request.path == "/person/select.do")
    assert dict(parse_qsl(form.body.decode("ascii"), encoding="gbk", errors="strict"))["xm"] == name.name
    civil.tell("/twin/quirks", Q17=False)  # a department that read UTF-8 would not find her
    with pytest.raises(Rejected):
        ask(adapter, "query_marriage", id_number=name.id_number, name=name.name)


@pytest.mark.parametrize("name", ["王䶮", "𠮷田", "㐂", "阿依•古丽", "张😀"])
def test_quirk_Q17_row_B53_a_letter_it_cannot_hold_is_told_before_a_byte_leaves(
    civil: Bureau, worker: Worker, name: str
) -> None:
    with pytest.raises(Problem) as caught:
        ask(civil.open(worker("civil_affairs")), "query_marriage", id_number=HAN["id_number"], name=name)
    assert caught.value.code == "NAME_NOT_REPRESENTABLE" and caught.value.faults[0].path == "name"
    assert name not in str(caught.value)
    assert civil.twin.calls == 0


@pytest.mark.parametrize(
    "text", ["縗'", "' OR 1=1 --", "{{7*7}}", "${7*7}", "{0.__class__}", "%s", "</td><td>1</td>", "a=b&c=d+e f", "=1+1"]
)
def test_row_B55_row_B58_row_B61_what_citizens_write_arrives_as_written(
    civil: Bureau, worker: Worker, text: str
) -> None:
    adapter = civil.open(worker("civil_affairs"))
    ask(adapter, "file_assistance_application", kind="temporary", reason=text, **HAN)
    assert [record["reason"] for record in civil.twin.records.all()] == [text]
    rows = ask(adapter, "query_assistance_applications", **HAN).fields["applications"]
    assert [row["reason"] for row in rows] == [text]


def test_quirk_Q18_the_hidden_token_comes_back(social: Bureau, worker: Worker) -> None:
    adapter = social.open(worker("social_security"))
    seen = spied(social)
    ask(adapter, "query_pension", **HAN)
    ask(adapter, "query_pension", **LIN)
    tokens = [dict(parse_qsl(each.body.decode()))["__VIEWSTATE"] for each in seen if each.path == "/pension/view.do"]
    assert len(set(tokens)) == 2
    social.twin.issued = lambda visit: ""  # a page without a token
    with pytest.raises(Garbled):
        ask(adapter, "query_pension", **HAN)


def test_no_personal_value_stands_in_a_url_or_header(civil: Bureau, social: Bureau, worker: Worker) -> None:
    seen = spied(civil), spied(social)
    ask(civil.open(worker("civil_affairs")), "query_marriage", **HAN)
    ask(social.open(worker("social_security")), "query_pension", **HAN)
    for request in (*seen[0], *seen[1]):
        assert not request.query
        assert HAN["id_number"] not in request.path + "".join(request.headers.values())


def test_fault_F13_fifty_callers_on_an_expired_session_log_in_once(
    social: Bureau, new_worker: Callable[[], Worker]
) -> None:
    """Over two workers: the threads of each wait for one, and the workers for each other."""
    adapters = [social.open(new_worker()("social_security")) for _ in range(2)]
    for adapter in adapters:
        ask(adapter, "query_pension", **HAN)
    social.tell("/twin/sessions/expire", "POST")
    before = social.twin.logins

    def call(number: int) -> None:
        who = (HAN, LIN, WANG)[number % 3]
        assert ask(adapters[number % 2], "query_contributions", 20, **who).fields["id_number"] == who["id_number"]

    assert not at_once(50, call)
    assert before == 1 and social.twin.logins == 2


def test_the_cookie_is_sealed_in_redis(social: Bureau, worker: Worker, redis: str) -> None:
    ask(social.open(worker("social_security")), "query_pension", **HAN)
    (cookie,) = social.twin._visits
    store = Redis.from_url(redis)
    dump = b"".join(store.get(key) or b"" for key in store.keys("hub:shared:*"))
    assert dump and cookie.encode() not in dump


def _holds(name: str, charset: str) -> bool:
    try:
        return bool(name.encode(charset))
    except UnicodeEncodeError:
        return False
