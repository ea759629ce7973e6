"""The rows `wire_rest` and `wire_form`: calls a second through a signed interface and through pages behind a login."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from urllib.parse import urlencode

import lxml.html
import requests

from adapters.protocols import form, signed_rest
from hub.clock import CHINA
from hub.crypto import Crypto
from hub.gateway.redis_line import RedisLine, connect
from hub.gateway.shared import SharedStore
from hub.port import Adapter, Setting
from hub.settings.reader import read_yaml
from tests.bench.answers import ACCOUNT_PATH, ID_NUMBER, NAME
from tests.bench.processes import ROOT
from tests.bench.rounds import Timing
from tests.bench.stand import Stand
from tests.bench.table import Row
from tests.bench.wire import Ask, against, asking, secret

PERSON = {"id_number": ID_NUMBER, "name": NAME}
_SECRETS = ("username", "password", "key")


def wire_rest(stand: Stand, timing: Timing) -> Iterator[Row]:
    with _opened(stand, "housing_fund") as adapter:
        sides = {"ours": asking(adapter, "query_account", PERSON), "bare": _signed(stand)}
        yield against("wire_rest", "signed REST call, MD5 over GBK", sides, timing, "requests")


def wire_form(stand: Stand, timing: Timing) -> Iterator[Row]:
    with _opened(stand, "social_security") as adapter:
        sides = {"ours": asking(adapter, "query_contributions", PERSON), "bare": _paged(stand)}
        yield against("wire_form", "page behind a login, 12 rows, GBK", sides, timing, "requests and lxml")


def _signed(stand: Stand) -> Ask:
    """The account, asked with requests: each question with its own time and number and its signature, the answer's
    result and person checked."""
    session, url = requests.Session(), stand.environ["HOUSING_FUND_ADDRESS"] + ACCOUNT_PATH
    username, key = (secret(stand.home, f"housing_fund_{name}") for name in ("username", "key"))

    def ask() -> None:
        now, nonce = datetime.now(CHINA).strftime("%Y%m%d%H%M%S"), secrets.token_hex(16)
        told = {"sfzh": ID_NUMBER, "xm": NAME, "appid": username, "timestamp": now, "nonce": nonce}
        text = "&".join(f"{name}={told[name]}" for name in sorted(told)) + f"&key={key}"
        told["sign"] = hashlib.md5(text.encode("gbk"), usedforsecurity=False).hexdigest().upper()
        headers = {"Content-Type": "application/x-www-form-urlencoded; charset=gbk"}
        answer = session.post(url, urlencode(told, encoding="gbk"), headers=headers, timeout=5)
        found = json.loads(answer.content.decode("gb18030"))
        assert found["code"] == "0" and found["data"]["sfzh"] == ID_NUMBER

    return ask


def _paged(stand: Stand) -> Ask:
    """The page, asked with requests and read with lxml: the person's pairs and the rows of the table, as texts."""
    session, site = requests.Session(), stand.environ["SOCIAL_SECURITY_ADDRESS"]
    account = {name: secret(stand.home, f"social_security_{name}") for name in ("username", "password")}
    session.post(f"{site}/login.do", account, timeout=5)
    asked = urlencode({"sfzh": ID_NUMBER, "xm": NAME}, encoding="gbk")
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=gbk"}

    def ask() -> None:
        answer = session.post(f"{site}/contributions/list.do", asked, headers=headers, timeout=5)
        page = lxml.html.document_fromstring(answer.content.decode("gb18030"))
        cells = [[cell.text_content().strip() for cell in row] for row in page.iter("tr")]
        columns = next(row for row in cells if row[0] == "缴费年月")
        rows = [dict(zip(columns, row, strict=True)) for row in cells if len(row) == len(columns) and row != columns]
        assert any(ID_NUMBER in row for row in cells) and len(rows) == 12

    return ask


@contextmanager
def _opened(stand: Stand, system: str) -> Iterator[Adapter]:
    """Opened as the hub opens it, on the shared store of the stand."""
    folder = ROOT / "adapters" / system
    facts = read_yaml(folder / "system.yaml").value
    protocol = {"form": form, "signed_rest": signed_rest}[facts["protocol"]]
    names = [name for name in _SECRETS if (stand.home / "secrets" / f"{system}_{name}").exists()]
    account = {name: secret(stand.home, f"{system}_{name}") for name in names}
    line = RedisLine(connect(stand.environ["HUB_REDIS_URL"]))
    store = SharedStore(line, Crypto({"k1": os.urandom(32)})).for_system(system)
    address = stand.environ[f"{system.upper()}_ADDRESS"]
    adapter: Adapter = protocol.Adapter(
        Setting(system, address, protocol.FACTS().load(facts), folder, store, account, allow_private=True)
    )
    try:
        yield adapter
    finally:
        adapter.close()
        line.close()
