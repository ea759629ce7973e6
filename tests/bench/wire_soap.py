"""The row `wire_soap`: calls a second through SOAP and X-Road, against the bare library asking the same twin.

`python -m tests.bench.wire_soap` is the twin of X-Road.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator

import requests
import zeep
from zeep.wsse.username import UsernameToken

from adapters.twins.security_server import SERVICE, SecurityServer
from adapters.twins.wire import Server
from tests.bench.answers import ID_NUMBER, SOAP_PATH, WSDL
from tests.bench.processes import ROOT
from tests.bench.rounds import Timing
from tests.bench.stand import Stand
from tests.bench.table import Row
from tests.bench.wire import against, asking, secret
from tests.protocols.departments import opened as soap_opened
from tests.protocols.residents_by_xroad import opened as road_opened

PERSON = {"id_number": ID_NUMBER}


def wire_soap(stand: Stand, timing: Timing) -> Iterator[Row]:
    address = stand.environ["MEDICAL_INSURANCE_ADDRESS"]
    names = "username", "password"
    username, password = (secret(stand.home, f"medical_insurance_{name}") for name in names)
    adapter = soap_opened("medical_insurance", address, username=username, password=password)
    client = zeep.Client(str(WSDL), wsse=UsernameToken(username, password, use_digest=True))
    service = client.create_service(next(iter(client.wsdl.bindings)), address + SOAP_PATH)
    sides = {
        "ours": asking(adapter, "query_payments", PERSON),
        "bare": lambda: service.queryPayments(aae100="1", aac002=ID_NUMBER),
    }
    yield against("wire_soap", "SOAP call, user token, GBK", sides, timing, "zeep")
    with _road() as address:
        adapter, session = road_opened(address), requests.Session()
        url, headers = f"{address}/r1/{SERVICE}/v1/persons/search", {"X-Road-Client": "CN-TEST/GOV/360423/HUB"}
        sides = {
            "ours": asking(adapter, "query_person", PERSON),
            "bare": lambda: session.post(url, json={"id": ID_NUMBER}, headers=headers, timeout=5).json(),
        }
        yield against("wire_soap", "X-Road call, hash verified", sides, timing, "requests")


@contextlib.contextmanager
def _road() -> Iterator[str]:
    command = [sys.executable, "-m", "tests.bench.wire_soap"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin and process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()  # which ends it


if __name__ == "__main__":
    print(Server(SecurityServer()).start().address, flush=True)
    threading.Thread(target=sys.stdin.read).start()
