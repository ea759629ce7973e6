"""The trust list from where it is published: by `hub work`, believed for its signature alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from hub.demo.ports import free_port
from hub.recognition import fetching
from hub.signing import Signing
from tests.recognition.conftest import MakeNode, Node, trust_list
from tests.recognition.region import Region

LIST = Signing({"lists": "of a hub that signs for all of them"})
ZHEJIANG, ANHUI = Region("330000"), Region("340000")
OK = ("accepted", "ALL_RULES_HOLD")


@dataclass
class Publisher:
    """A real server; `says` is what it answers with, `status` how, `cut` that it hangs up in the middle."""

    says: bytes = b""
    status: int = 200
    cut: bool = False
    url: str = ""
    asked: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def served() -> Iterator[Publisher]:
    publisher = Publisher()

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            publisher.asked.append(self.path)
            self.send_response(publisher.status)
            self.send_header("Content-Length", str(len(publisher.says)))
            self.end_headers()
            self.wfile.write(publisher.says[: len(publisher.says) // (1 + publisher.cut)])

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    publisher.url = f"http://127.0.0.1:{server.server_address[1]}/lists/newest.jws"
    yield publisher
    server.shutdown()


@pytest.fixture(scope="module")
def whole_node(make_node: MakeNode, served: Publisher) -> Node:
    node = make_node(signer=LIST, list_url=served.url)
    node.admit()
    return node


@pytest.fixture
def publisher(served: Publisher) -> Publisher:
    served.status, served.cut = 200, False
    return served


def offer(publisher: Publisher, signed: str) -> None:
    publisher.says = signed.encode()


def test_feat_G4_a_newer_list_is_fetched_and_in_force_within_a_minute(whole_node: Node, publisher: Publisher) -> None:
    node, code = whole_node, ZHEJIANG.code_of(minutes=600)
    offer(publisher, trust_list(LIST, 3, ZHEJIANG, ANHUI))
    assert node.recognition.fetching.fetch() == 3 and publisher.asked[-1] == "/lists/newest.jws"
    node.wait(seconds=3)
    assert node.verdict(code) == OK
    assert node.recognition.fetching.fetch() == 0, "the same again"
    offer(publisher, trust_list(LIST, 4, ANHUI))
    assert node.recognition.fetching.fetch() == 4
    node.wait(seconds=3)
    assert node.verdict(code) == ("not_accepted", "PEER_KEY_UNKNOWN")


@pytest.mark.parametrize("wrong", ["forged", "older", "ended", "no list", "status", "cut", "large", "away"])
def test_feat_G4_what_is_not_newer_signed_and_whole_changes_nothing(
    wrong: str, whole_node: Node, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = whole_node
    node.recognition.fetching.fetch()
    before = node.recognition.standing.now().trust.version
    offer(publisher, trust_list(LIST, 90, ZHEJIANG))
    if wrong == "forged":
        offer(publisher, trust_list(ZHEJIANG.signing, 90, ZHEJIANG))
    elif wrong == "older":
        offer(publisher, trust_list(LIST, 2, ZHEJIANG))
    elif wrong == "ended":
        offer(publisher, trust_list(LIST, 90, ZHEJIANG, days=-1))
    elif wrong == "no list":
        publisher.says = "列".encode()
    elif wrong == "status":
        publisher.status = 404
    elif wrong == "cut":
        publisher.cut = True
    elif wrong == "large":
        monkeypatch.setattr(fetching, "_MOST", 100)
    else:
        monkeypatch.setattr(fetching, "urlsplit", lambda _: urlsplit(f"http://127.0.0.1:{free_port()}/"))
    assert node.recognition.fetching.fetch() == 0
    assert node.recognition.fetching._told, "operations are told"
    node.wait(seconds=3)
    assert node.recognition.standing.now().trust.version == before


def test_without_an_address_nobody_is_asked(make_node: MakeNode, whole_node: Node, publisher: Publisher) -> None:
    node, asked = make_node(signer=LIST, url=whole_node.database.url), len(publisher.asked)
    assert node.recognition.fetching.fetch() == 0 and len(publisher.asked) == asked
