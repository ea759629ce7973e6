"""A write through a form: never sent twice, and a page of success is not believed (legacy.md Q19, reliability 7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hub.port import Adapter, Garbled, OutcomeUnknown, Rejected, Unavailable
from tests.protocols.bureau import HAN, Bureau, ask
from tests.protocols.conftest import Worker

SYSTEM, FILE = "civil_affairs", "file_assistance_application"
WISH: dict[str, Any] = {**HAN, "kind": "temporary", "reason": "房屋受损"}


@pytest.fixture
def civil(start: Callable[[str], Bureau]) -> Iterator[Bureau]:
    yield start(SYSTEM)


@pytest.fixture
def adapter(civil: Bureau, worker: Worker) -> Adapter:
    return civil.open(worker(SYSTEM))


def held(civil: Bureau) -> int:
    return len(civil.tell("/twin/records", "GET")["records"])


def test_filed_once_and_seen_on_file(civil: Bureau, adapter: Adapter) -> None:
    reply = ask(adapter, FILE, 10, **WISH)
    assert (reply.receipt, reply.done) == ("MZ360423000001", True)
    assert held(civil) == 1


def test_quirk_Q19_the_same_filing_again_is_not_sent_again(civil: Bureau, adapter: Adapter) -> None:
    first = ask(adapter, FILE, 10, **WISH)
    civil.tell("/twin/quirks", Q19="second")  # a department that would keep it twice
    assert ask(adapter, FILE, 10, **WISH).receipt == first.receipt
    assert held(civil) == 1


def test_quirk_Q19_a_success_page_with_an_earlier_number_is_no_success(civil: Bureau, adapter: Adapter) -> None:
    ask(adapter, FILE, 10, **WISH)
    with pytest.raises(Rejected) as caught:
        ask(adapter, FILE, 10, **WISH | {"reason": "另有原因"})
    assert caught.value.code == "ALREADY_SUBMITTED"
    assert held(civil) == 1


def test_a_plain_refusal_of_a_second_one(civil: Bureau, adapter: Adapter) -> None:
    civil.tell("/twin/quirks", Q19=False)
    ask(adapter, FILE, 10, **WISH)
    with pytest.raises(Rejected) as caught:
        ask(adapter, FILE, 10, **WISH | {"reason": "另有原因"})
    assert caught.value.faults[0].code == "ALREADY_FILED"


def test_fault_F11_accepted_and_lost_is_not_called_done(civil: Bureau, adapter: Adapter) -> None:
    civil.tell("/twin/toxics", accept_then_lose=True)
    reply = ask(adapter, FILE, 10, **WISH)
    assert reply.receipt and not reply.done
    assert held(civil) == 0


def test_kept_but_not_visible_yet_is_not_called_done(civil: Bureau, adapter: Adapter) -> None:
    civil.tell("/twin/toxics", late_visible_ms=60_000)
    assert not ask(adapter, FILE, 10, **WISH).done
    assert held(civil) == 1


def after(civil: Bureau, path: str, **toxics: Any) -> None:
    """Let the fault strike every request behind the one for `path`."""
    answer = civil.twin.answer

    def struck(request: Any) -> Any:
        if request.path == path:
            civil.tell("/twin/toxics", **toxics)
        return answer(request)

    civil.twin.answer = struck


def test_fault_F12_the_answer_to_a_filing_is_lost(civil: Bureau, adapter: Adapter) -> None:
    ask(adapter, "query_marriage", **HAN)
    after(civil, "/assistance/apply.jsp", accept_then_drop=True)
    with pytest.raises(OutcomeUnknown):
        ask(adapter, FILE, 10, **WISH)
    civil.tell("/twin/toxics", "DELETE")
    assert held(civil) == 1
    assert ask(adapter, FILE, 10, **WISH).receipt == "MZ360423000001"  # found again, not filed again
    assert held(civil) == 1


@pytest.mark.parametrize("path", ["/marriage/view.do", "/person/select.do", "/assistance/applications.do"])
def test_what_breaks_before_the_filing_is_certainly_not_done(civil: Bureau, adapter: Adapter, path: str) -> None:
    after(civil, path, accept_then_drop=True)
    ask(adapter, "query_marriage", **HAN) if path == "/marriage/view.do" else None
    with pytest.raises(Unavailable):
        ask(adapter, FILE, 10, **WISH)
    assert held(civil) == 0


@pytest.mark.parametrize("page", ["login", True])
def test_a_session_lost_at_the_filing_itself_is_never_sent_again(
    civil: Bureau, adapter: Adapter, page: str | bool
) -> None:
    civil.tell("/twin/quirks", Q15=page)
    ask(adapter, "query_marriage", **HAN)
    answer, seen = civil.twin.answer, []

    def struck(request: Any) -> Any:
        if request.path == "/assistance/apply.do":
            civil.tell("/twin/sessions/expire", "POST")
            seen.append(request)
        return answer(request)

    civil.twin.answer = struck
    with pytest.raises(OutcomeUnknown) as caught:
        ask(adapter, FILE, 10, **WISH)
    assert caught.value.code == "UPSTREAM_SESSION" and len(seen) == 1


def test_quirk_Q18_a_stale_token_is_garbled_not_done(civil: Bureau, adapter: Adapter) -> None:
    civil.twin.used = lambda visit, token: False
    with pytest.raises(Garbled, match="not in the table"):  # the department's own words
        ask(adapter, FILE, 10, **WISH)
    assert held(civil) == 0
