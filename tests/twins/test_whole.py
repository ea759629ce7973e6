"""Quirks of the whole county's twins (county/systems.json) that its demo shows all the time: met through the adapters
that are written for them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from adapters.protocols import file_drop, soap
from adapters.twins.whole.bringing import DropOffice
from adapters.twins.whole.facts import facts_of, secrets_of
from adapters.twins.whole.package import write_system
from adapters.twins.whole.plan import Planned
from adapters.twins.whole.rows import ROWS, SEED, TYPED, rows_of
from adapters.twins.whole.sites import SoapOffice
from adapters.twins.whole.systems import county_systems
from adapters.twins.wire import Server
from hub.port import BadRow, Call, Delivery, Garbled, Record, Setting
from tests.protocols.recorded import lonely

PLANNED = {each.name: each for each in county_systems()}
ESCAPED = [each for each in county_systems() if "Q05" in each.quirks]
SHEETS = [each for each in county_systems() if "Q27" in each.quirks]


def setting(system: Planned, protocol: Any, folder: Path, address: str) -> Setting:
    account = {name: (folder / f"{system.name}_{name}").read_text(encoding="ascii") for name in secrets_of(system)}
    facts = protocol.FACTS().load(facts_of(system))
    return Setting(system.name, address, facts, folder / system.name, lonely(system.name), account, allow_private=True)


@pytest.mark.parametrize("system", ESCAPED, ids=lambda system: system.name)
def test_feat_S7_a_document_within_a_document(tmp_path: Path, system: Planned) -> None:
    """The county's Q05: escaped, with a declaration of GBK of its own; still checked element by element."""
    for name in secrets_of(system):
        (tmp_path / f"{system.name}_{name}").write_text("told", encoding="ascii")
    write_system(tmp_path / system.name, system)
    server = Server(SoapOffice(system, tmp_path, SEED, tmp_path / system.name)).start()
    adapter = soap.Adapter(setting(system, soap, tmp_path, server.address))
    question, row = system.questions[0], rows_of(system.questions[0], SEED)[0]
    call = Call(question.operation, {each.hub: row[each.name] for each in question.key}, time.monotonic() + 5)
    assert all(adapter.call(call).fields[each.hub] == row[each.name] for each in question.key)
    server.twin._show({"Q12": "code"})
    with pytest.raises(Garbled):
        adapter.call(call)
    adapter.close()
    server.stop()


@pytest.mark.parametrize("system", SHEETS, ids=lambda system: system.name)
def test_feat_S7_numbers_of_people_that_a_spreadsheet_destroyed(tmp_path: Path, system: Planned) -> None:
    """The county's Q27: an Excel 97 where some numbers were typed as numbers; those rows are refused, each by name."""
    for name in secrets_of(system):
        (tmp_path / f"{system.name}_{name}").write_text("told", encoding="ascii")
    twin, question = DropOffice(system, tmp_path, SEED), system.questions[0]
    adapter = file_drop.Adapter(setting(system, file_drop, tmp_path, "file:///nowhere"))
    name = f"{system.name}_{question.operation}_20261125".upper() + ".xls"
    raw, count = twin._file(question, False)
    rows = list(adapter.read(Delivery(name, raw)))
    lost = [each for each in rows if isinstance(each, BadRow) and each.code == "NUMBER_DESTROYED"]
    assert raw.startswith(b"\xd0\xcf\x11\xe0") and count == ROWS
    column = {"subsidy": "身份证号", "invoice_file": "纳税人识别号"}[system.name]
    assert [each.place.split("/")[2:] for each in lost] == [[str(number), column] for number in (4, 9, 14, 19)]
    kept = [each.fields for each in rows if isinstance(each, Record)]
    stray = question.coded is not None
    assert len(lost) == TYPED and len(kept) == ROWS - TYPED - stray
    assert kept[0][question.key[0].hub] == rows_of(question, SEED)[0][question.key[0].name]
