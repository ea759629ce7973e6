"""Canned answers of departments for the first persona, and the servers that give them at once or after a while."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hub.demo.ports import free_port
from tests.bench.processes import OTHER_CPU, ROOT, granian, has_nginx, nginx, started

ID_NUMBER, NAME = "362623190205121932", "韩山福"
ACCOUNT_PATH, REST_PATH, SOAP_PATH = "/gjj/api/account", "/gjj/api/records", "/yb/service"
WSDL = ROOT / "adapters" / "medical_insurance" / "service.wsdl"
_PIECE = 4000  # bytes that nginx takes in one word of its configuration


@dataclass(frozen=True)
class Canned:
    """One answer, as it stands on the wire."""

    path: str
    media_type: str
    body: bytes


def account() -> Canned:
    """One account of the housing fund, in GBK: what most reads are like."""
    body = (ROOT / "adapters/housing_fund/samples/query_account.ok.json").read_bytes()
    return Canned(ACCOUNT_PATH, "application/json", body)


def rest() -> Canned:
    """Twenty records of the housing fund, in GBK: about 2 KB."""
    rows = [
        {"xh": f"{n:04d}", "rq": f"2024{n % 12 + 1:02d}15", "ywlx": "1001", "je": 43210 + n, "ye": 1234567 + 43210 * n}
        for n in range(1, 21)
    ]
    data = {"sfzh": ID_NUMBER, "xm": NAME, "total": "20", "pageNo": 0, "rows": rows}
    body = json.dumps({"code": "0", "msg": "成功", "data": data}, ensure_ascii=False).encode("gbk")
    return Canned(REST_PATH, "application/json", body)


def soap() -> Canned:
    """Twenty-two payments of the medical insurance, in GBK."""
    sample = (ROOT / "adapters/medical_insurance/samples/query_payments.one.xml").read_bytes()
    before, _, rest = sample.partition(b"<m:Row>")
    row, _, after = rest.partition(b"</m:Row>")
    rows = (b"<m:Row>" + row.replace(b"20231209000104", b"202312090001%02d" % n) + b"</m:Row>" for n in range(22))
    body = before.replace(b"<m:Total>1<", b"<m:Total>22<") + b"".join(rows) + after
    return Canned(SOAP_PATH, "text/xml; charset=GBK", body)


@contextlib.contextmanager
def at_once(answers: Sequence[Canned]) -> Iterator[str]:
    """A server that answers without a thought."""
    if has_nginx():
        with nginx(" ".join(map(_location, answers)), [OTHER_CPU]) as (url, _):
            yield url
        return
    port, table = free_port(), {each.path: (each.media_type, each.body.hex()) for each in answers}
    command = granian("tests.bench.references:canned", port)
    with started(command, f"http://127.0.0.1:{port}/", [OTHER_CPU], {"ANSWERS": json.dumps(table)}):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def later(answers: Sequence[Canned], milliseconds: float, folder: Path) -> Iterator[str]:
    """A server that answers after a while, and not at all below /dead/on until it is told /dead/off."""
    port, table = free_port(), folder / "answers.json"
    table.write_text(json.dumps({each.path: (each.media_type, each.body.hex()) for each in answers}), encoding="utf-8")
    command = [sys.executable, "-m", "tests.bench.upstream", str(port), str(table), str(milliseconds)]
    with started(command, f"http://127.0.0.1:{port}/", [OTHER_CPU]):
        yield f"http://127.0.0.1:{port}"


def _location(answer: Canned) -> str:
    text = answer.body.decode("latin-1").replace("\\", "\\\\").replace('"', '\\"')
    pieces = [text[at : at + _PIECE] for at in range(0, len(text), _PIECE)]
    assert "$" not in text
    names = [f"$piece{number}" for number in range(len(pieces))]
    sets = " ".join(f'set {name} "{piece}";' for name, piece in zip(names, pieces, strict=True))
    types = f'default_type "{answer.media_type}";'
    return f'location = {answer.path} {{ {types} {sets} return 200 "{"".join(names)}"; }}'
