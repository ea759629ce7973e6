"""A county whose systems do not know one person as the same: one keeps what GBK leaves of a name, one the name in Latin
letters and no number, one the 15 digits of before 1999. Attached by YAML alone, beside the shipped systems.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from adapters.twins.twin import Answer, Request, Twin
from adapters.twins.wire import Server
from tests.county import ROOT

PACKAGE = "chimneys_of_the_county"
NUMBER, NAME, OLD, BORN = "362623190607312336", "王䶮", "362623060731233", "1906-07-31"
SPOUSE = "362623190506224601"
RESIDENCE, RENTAL, VACCINATION, RELIEF = "360423-006002", "360423-013002", "360423-052002", "360423-031001"
ADDRESSES = ("示范镇样例巷第七百七十七号", "示范镇虚拟大道第八百八十八号")
RECORDS = ("GZ-CANARY-0017", "GZ-CANARY-0018")
ROWS: Mapping[str, Sequence[Mapping[str, str]]] = {
    # Answers with the whole household, whoever is asked about.
    "residence": (
        {"sfzh": NUMBER, "xm": "王?", "dz": ADDRESSES[0]}, {"sfzh": SPOUSE, "xm": "阿依古丽买买提", "dz": ADDRESSES[0]},
    ),
    "rental": tuple({"xm": "WANG YAN", "csrq": "19060731", "bh": each, "zt": "在保"} for each in RECORDS),
    "vaccination": ({"sfzh": OLD, "xm": "王龑", "ym": "流感疫苗样例"},),
    "relief": ({"sfzh": NUMBER, "xm": NAME, "dz": ADDRESSES[1]},),
}  # fmt: skip
_CHARSETS = {"residence": "gbk", "rental": "gbk", "vaccination": "gb18030", "relief": "utf-8"}
_DEPARTMENTS = {"residence": "police", "rental": "housing", "vaccination": "cdc", "relief": "rural"}
_ASKED = {
    "residence": {"id_number": "hh"}, "relief": {"id_number": "sfzh"}, "vaccination": {"old_number": "sfzh"},
    "rental": {"latin_name": "xm", "birth_date": "csrq"},
}  # fmt: skip
_GIVEN = {"sfzh": "id_number", "xm": "name", "csrq": "birth_date", "bh": "rental_no", "dz": "address", "zt": "status",
          "ym": "vaccine"}  # fmt: skip
_SOURCES: Mapping[str, Mapping[str, Any]] = {
    RESIDENCE: {"system": "residence", "by": ["id_number"],
                "fields": {"name": "name", "id_number": "id_number", "residence_address": "address"}},
    RENTAL: {"system": "rental", "by": ["id_number", "name"],
             "asks": {"latin_name": "name_pinyin", "birth_date": "birth_date"},
             "whose": {"name": "name", "birth_date": "birth_date", "record": "rental_no"},
             "fields": {"name": "name", "status": "status"}},
    VACCINATION: {"system": "vaccination", "by": ["id_number"], "asks": {"old_number": "id_number_15"},
                  "fields": {"name": "name", "id_number": "id_number", "vaccine": "vaccine"}},
    RELIEF: {"system": "relief", "by": ["id_number"],
             "fields": {"name": "name", "id_number": "id_number", "residence_address": "address"}},
}  # fmt: skip


class Office(Twin):
    """Answers the rows that have what was asked for; a key that no row has says nothing to it."""

    def __init__(self, system: str) -> None:
        super().__init__(system, "signed_rest", charset=_CHARSETS[system])
        self.held = ROWS[system]
        self.asked: list[dict[str, str]] = []

    def answer(self, request: Request) -> Answer:
        asked = json.loads(request.body.decode(self.charset))
        self.asked.append(asked)
        found = [row for row in self.held if all(row.get(name, value) == value for name, value in asked.items())]
        body = json.dumps({"code": "0", "data": {"rows": found}}, ensure_ascii=False).encode(self.charset)
        return Answer(body, 200, "application/json")


def written(folder: Path, homes_secrets: Path, servers: Mapping[str, Server]) -> dict[str, str]:
    """`folder`/config and the package of adapters; what a hub is told of them."""
    package, config = folder / PACKAGE, folder / "config"
    package.mkdir()
    (package / "__init__.py").touch()
    adapters = ROOT / "adapters"
    for path in [adapters / "protocols", *(each.parent for each in adapters.glob("*/system.yaml"))]:
        (package / path.name).symlink_to(path)
    shutil.copytree(ROOT / "config", config)
    attached = {}
    for id, server in servers.items():
        (package / id).mkdir()
        (package / id / "system.yaml").write_text(yaml.safe_dump(_facts(id), allow_unicode=True), encoding="utf-8")
        (homes_secrets / f"{id}_key").write_text(secrets.token_urlsafe(32), encoding="ascii")
        attached[id] = {"address": server.address, "allow_private": True,
                        "secrets": {"key": f"file/secrets/{id}_key"}}  # fmt: skip
    with (config / "systems.yaml").open("a", encoding="utf-8") as file:
        file.write("\n" + yaml.safe_dump(attached))
    sharing = yaml.safe_load((config / "sharing.yaml").read_text(encoding="utf-8"))
    sharing["sources"] |= {id: {**each, "operation": "query", "rows": "rows"} for id, each in _SOURCES.items()}
    (config / "sharing.yaml").write_text(yaml.safe_dump(sharing, allow_unicode=True), encoding="utf-8")
    return {"HUB_CONFIG": str(config), "HUB_ADAPTERS": PACKAGE}


def _facts(id: str) -> dict[str, Any]:
    given = {_GIVEN[wire]: {"from": wire, "class": 3} for wire in ROWS[id][0]}
    if "csrq" in ROWS[id][0]:
        given["birth_date"] |= {"as": "date", "formats": ["%Y%m%d"]}
    sent = {name: {"to": wire, "required": True} for name, wire in _ASKED[id].items()}
    if "birth_date" in sent:
        sent["birth_date"] |= {"as": "date", "formats": ["%Y%m%d"]}
    query = {
        "kind": "read", "data_class": 3, "request": {"fields": sent},
        "signed_rest": {"method": "post", "path": "/query", "body": "json"},
        "outcome": {"path": "code", "ok": ["0"]},
        "answer": {"lists": {"rows": {"from": "data.rows", "key": list(given), "fields": given}}},
    }  # fmt: skip
    nobody = {"id_number": "36262319000101000X", "old_number": "362623000101000", "latin_name": "NOBODY",
              "birth_date": "1900-01-01"}  # fmt: skip
    return {
        "name": {"zh": f"样例系统{id}", "en": f"Sample system {id}"}, "department": _DEPARTMENTS[id],
        "protocol": "signed_rest", "encoding": _CHARSETS[id], "signed_rest": {"sign": {"algorithm": "none"}},
        "probe": {"operation": "query", "fields": {name: nobody[name] for name in sent}},
        "operations": {"query": query},
    }  # fmt: skip
