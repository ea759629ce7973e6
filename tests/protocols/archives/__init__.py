"""The archives office, as a hub would open it: its folder, its twin, and the facts of each style."""

from __future__ import annotations

import copy
import json
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from adapters.protocols import soap
from adapters.twins.soap_styles import Archives
from adapters.twins.wire import Server
from hub.port import Call, Reply, Setting
from hub.settings.reader import read_yaml

FOLDER = Path(__file__).parent
ID, NAME = "362623190205121932", "韩山福"
STYLES = ("literal", "encoded", "twelve", "mtom", "attached", "dataset", "text", "cdata", "latin", "bom")
# style: operation of the WSDL, where the person stands, the file rows, and where the number is sent
_WORDS: dict[str, tuple[str, str, str, str]] = {
    "encoded": ("queryFiles", "queryFilesReturn.", "queryFilesReturn.files.item", "sfzh"),
    "dataset": ("getFiles", "", "getFilesResult.diffgram.NewDataSet.File", "sfzh"),
    "text": ("getText", "", "FILES.FILE", "sfzh"),
}
_LITERAL = ("queryFiles", "", "files.file", "idNumber")


def facts_of(style: str) -> dict[str, Any]:
    raw = copy.deepcopy(read_yaml(FOLDER / "system.yaml").value)
    operation, above, rows, asked = _WORDS.get("text" if style == "cdata" else style, _LITERAL)
    known = {"text": ("SFZH", "XM"), "cdata": ("SFZH", "XM"), "encoded": ("sfzh", "xm"), "dataset": ("sfzh", "xm")}
    number, name = known.get(style, ("idNumber", "name"))
    given: dict[str, Any] = {
        "id_number": {"from": above + number, "required": True, "class": 3},
        "name": {"from": above + name, "required": True, "class": 3},
    }
    files: dict[str, Any] = {
        "from": rows,
        "key": ["number"],
        "fields": {
            "number": {"from": "bh", "required": True, "class": 2},
            "title": {"from": "tm", "required": True, "class": 2},
            "filed_on": {"from": "rq", "as": "date", "formats": ["%Y-%m-%d"], "class": 2},
        },
    }
    if style in ("literal", "twelve", "mtom", "attached", "latin", "bom"):
        given["photo"] = {"from": "zp", "class": 3}
        files["count"] = "total"
    raw["operations"]["query_files"] = {
        "kind": "read",
        "data_class": 3,
        "request": {"fields": {"id_number": {"to": asked, "required": True}}},
        "soap": {"operation": operation},
        "answer": {"fields": given, "lists": {"files": files}},
    }
    raw["soap"]["port"] = {"encoded": "Encoded", "twelve": "Modern"}.get(style, "Literal")
    if raw["soap"]["port"] != "Literal" or style in ("text", "cdata"):
        del raw["operations"]["query_name"]
        raw["probe"] = {"operation": "query_files", "fields": {"id_number": ID}}
    if style == "latin":
        raw["encoding"] = raw["soap"]["request_encoding"] = "iso-8859-1"
    if style in ("text", "cdata"):
        raw["soap"]["inner"] = {"answer": {"element": "getTextResult", "root": "ROOT"}}
    return raw


class Office:
    """The running twin with one adapter opened on it."""

    def __init__(self, style: str, change: Callable[[dict[str, Any]], None] | None = None) -> None:
        self.twin = Archives()
        self.server = Server(self.twin).start()
        raw = facts_of(style)
        if change:
            change(raw)
        self.adapter = self.opened(raw, self.server.address)
        self.tell("quirks", style=style)

    def opened(self, raw: dict[str, Any], address: str) -> soap.Adapter:
        no_store: Any = None
        secrets = {"username": "hub", "password": "secret <&>"}
        facts = soap.FACTS().load(raw)
        return soap.Adapter(Setting("archives", address, facts, FOLDER, no_store, secrets=secrets, allow_private=True))

    def ask(self, operation: str = "query_files", seconds: float = 10.0, person: str = ID) -> Reply:
        field = "id_number" if operation == "query_files" else "number"
        return self.adapter.call(Call(operation, {field: person}, time.monotonic() + seconds))

    def tell(self, what: str, **values: Any) -> None:
        """Quirks and toxics, over HTTP as anybody would."""
        body = json.dumps(values).encode()
        asked = urllib.request.Request(f"{self.server.url}/twin/{what}", body, method="PUT")
        with urllib.request.urlopen(asked, timeout=30) as answer:
            answer.read()

    def close(self) -> None:
        self.adapter.close()
        self.server.stop()
