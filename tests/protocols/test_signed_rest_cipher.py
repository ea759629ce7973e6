"""Bodies under SM4: against a department of the county that wants them, and what no such body may pass for."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from marshmallow import ValidationError

from adapters.protocols.signed_rest import FACTS, Adapter
from adapters.protocols.signed_rest_cipher import BodyCipher
from adapters.twins.twin import Answer, Request
from adapters.twins.whole.facts import facts_of, secrets_of
from adapters.twins.whole.plan import Planned
from adapters.twins.whole.rows import rows_of
from adapters.twins.whole.sites import office
from adapters.twins.whole.systems import county_systems
from adapters.twins.wire import Server
from hub.errors import Problem
from hub.port import Call, Garbled, Reply, Setting, Unavailable

KEY = "0123456789abcdeffedcba9876543210"
PLAIN = json.dumps({"code": "0", "name": "韩山福"}, ensure_ascii=False).encode()


class Settlement:
    """The one of the three systems of the county that the citizen's insurance is asked about."""

    def __init__(self, folder: Path) -> None:
        self.system: Planned = next(each for each in county_systems() if each.name == "settlement")
        self.account = {name: f"{name} 0123456789" for name in secrets_of(self.system)} | {"body_key": KEY}
        for name, value in self.account.items():
            (folder / f"settlement_{name}").write_text(value, encoding="utf-8")
        self.twin = office(self.system, folder, 1, folder)
        self.server = Server(self.twin).start()
        self.seen: list[tuple[Request, Answer]] = []
        self.answer, self.spoil = self.twin.answer, dict[str, Any]()
        self.twin.answer = self._noted  # type: ignore[method-assign]

    def _noted(self, request: Request) -> Answer:
        told = self.answer(request)
        told = Answer(self.spoil["body"](told.body)) if self.spoil else told
        self.seen.append((request, told))
        return told

    def opened(self, **account: str) -> Adapter:
        no_store: Any = None
        facts = FACTS().load(facts_of(self.system))
        given = {**self.account, **account}
        return Adapter(Setting("settlement", self.server.address, facts, Path(), no_store, given, allow_private=True))

    def ask(self, adapter: Adapter) -> Reply:
        question = self.system.questions[0]
        row = rows_of(question, 1)[0]
        fields = {each.hub: row[each.name] for each in question.key}
        return adapter.call(Call(question.operation, fields, time.monotonic() + 5))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settlement]:
    running = Settlement(tmp_path_factory.mktemp("secrets"))
    yield running
    running.server.stop()


@pytest.fixture
def settlement(served: Settlement) -> Settlement:
    served.seen.clear()
    served.spoil.clear()
    return served


def test_feat_C1_what_is_asked_and_answered_is_not_readable_on_the_wire(settlement: Settlement) -> None:
    adapter = settlement.opened()
    told = [settlement.ask(adapter).fields for _ in range(2)]
    assert told[0] == told[1] and told[0]["id_number"]
    bodies = [raw for request, answer in settlement.seen for raw in (request.body, answer.body)]
    assert len({*bodies}) == 4  # each has a first block of its own
    for raw in bodies:
        assert told[0]["id_number"].encode() not in raw and b"code" not in raw and base64.b64decode(raw, validate=True)


def test_feat_C1_the_key_of_the_bodies_is_another_than_that_of_the_signature(settlement: Settlement) -> None:
    with pytest.raises((Garbled, Unavailable)):  # the department cannot read the question, nor we what it says to it
        settlement.ask(settlement.opened(body_key="f" + KEY[1:]))
    for wrong in ("", "short", KEY + "00", "钥" * 16):
        with pytest.raises(Problem) as caught:
            settlement.opened(body_key=wrong)
        assert caught.value.code == "CONFIG_INVALID" and "body_key" in caught.value.note


@pytest.mark.parametrize(
    "spoil",
    [lambda _: PLAIN, lambda _: b"", lambda body: body[:-8], lambda body: body + b"\xe9", lambda _: b"AAAA" * 8],
)
def test_feat_C1_fault_F5_an_answer_in_clear_or_cut_is_refused(settlement: Settlement, spoil: Any) -> None:
    settlement.spoil["body"] = spoil
    with pytest.raises(Garbled):
        settlement.ask(settlement.opened())


def test_feat_C1_sm4_is_the_one_of_the_standard() -> None:
    """GB/T 32907, example 1: with a first block of nought, one block of CBC is the cipher itself."""
    cipher = BodyCipher.declared(rule(iv="iv"), {"key": KEY, "iv": "0" * 32})
    text = cipher.sealed(bytes.fromhex(KEY))
    assert base64.b64decode(text)[:16].hex() == "681edf34d206965e86b3e94f536e4246"
    assert cipher.opened(text) == bytes.fromhex(KEY)


def test_feat_C1_fault_F7_cut_anywhere_it_is_no_whole_answer() -> None:
    for facts in (rule(), rule(iv="iv"), rule(member="data")):
        cipher = BodyCipher.declared(facts, {"key": KEY, "iv": "sixteen letters."})
        whole = cipher.sealed(PLAIN)
        assert cipher.opened(whole) == PLAIN
        for at in range(len(whole)):
            assert cut(cipher, whole[:at]) != PLAIN


def cut(cipher: BodyCipher, body: bytes) -> bytes:
    try:
        return cipher.opened(body)
    except Garbled:
        return b""


def test_feat_C1_a_member_holds_the_text_where_the_department_says_so() -> None:
    cipher = BodyCipher.declared(rule(member="data"), {"key": KEY})
    assert list(json.loads(cipher.sealed(PLAIN))) == ["data"] and cipher.media_type == "application/json"
    for body in (b"{}", b'{"data": {}}', b'{"data": ""}', b'{"other": "AAAA"}', PLAIN):
        assert cut(cipher, body) == b""


def test_a_cipher_is_for_json() -> None:
    facts = facts_of(next(each for each in county_systems() if each.name == "settlement"))
    facts["operations"]["query_insured"]["signed_rest"]["body"] = "form"
    with pytest.raises(ValidationError, match="a cipher is for JSON"):
        FACTS().load(facts)


def rule(**more: str) -> Mapping[str, Any]:
    return {"algorithm": "sm4_cbc", "key": "key", "iv": "", "member": "", **more}
