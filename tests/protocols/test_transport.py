"""The one transport: its deadline, its caps, its stages of failure, its target. Real bytes on loopback."""

import gzip
import socket
import ssl
import struct
import subprocess
import sys
import textwrap
import threading
import time
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.protocols import target
from adapters.protocols.transport import BODY_CAP, Request, Response, Transport, refuse
from hub.clock import Clock
from hub.errors import Problem
from hub.port import Denied, Garbled, OutcomeUnknown, PortError, Setting, Unavailable
from tests.protocols.rogue import Rogue, Script, always, http, read_request

OK = http(b"ok")
PARTED = socket.SO_LINGER, struct.pack("ii", 1, 0)


def ask(url: str, *, seconds: float = 10, write: bool = False, **more: object) -> Response:
    transport = Transport(url, allow_private=True)
    try:
        return transport.send("POST", "/", {}, b"body", deadline=time.monotonic() + seconds, write=write, **more)  # type: ignore[arg-type]
    finally:
        transport.close()


def fails(script: Script, kind: type[PortError], code: str, *, seconds: float = 10, write: bool = False) -> PortError:
    with Rogue(script) as rogue, pytest.raises(kind) as caught:
        ask(rogue.url, seconds=seconds, write=write)
    assert caught.value.code == code
    return caught.value


def silent_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_what_goes_out_and_what_comes_back() -> None:
    seen: list[bytes] = []

    def script(guest: socket.socket, _: int) -> None:
        seen.append(read_request(guest))
        guest.sendall(http("好".encode("gbk"), "Content-Type: text/xml; charset=GBK"))

    with Rogue(script) as rogue:
        transport = Transport(rogue.url + "/base/", allow_private=True)
        got = transport.send(
            "POST",
            "/service?wsdl",
            {"SOAPAction": '""'},
            b"<x/>",
            deadline=time.monotonic() + 3,
            traceparent="00-a-b-01",
        )
    assert seen == [
        f'POST /base/service?wsdl HTTP/1.1\r\nHost: 127.0.0.1:{rogue.port}\r\nSOAPAction: ""\r\n'
        "traceparent: 00-a-b-01\r\nContent-Length: 4\r\n\r\n<x/>".encode()
    ]
    assert (got.status, got.body, got.framed, got.media_type) == (
        200,
        "好".encode("gbk"),
        True,
        "text/xml; charset=gbk",
    )
    assert got.sent == len(seen[0]) and got.received > len(got.body)


def test_a_connection_is_kept_and_used_again() -> None:
    with Rogue(always(OK, close=False)) as rogue:
        transport = Transport(rogue.url, allow_private=True)
        for _ in range(5):
            assert transport.send("GET", "/", {}, deadline=time.monotonic() + 3).body == b"ok"
        assert rogue.connections == 1


def test_a_write_takes_a_fresh_connection() -> None:
    with Rogue(always(OK, close=False)) as rogue:
        transport = Transport(rogue.url, allow_private=True)
        for _ in range(3):
            transport.send("POST", "/", {}, b"x", deadline=time.monotonic() + 3, write=True)
        assert rogue.connections == 3


def test_a_connection_with_bytes_behind_the_answer_serves_nobody_else() -> None:
    """feat_X9: the surplus would be read as the next citizen's answer."""
    with Rogue(always(OK + http(b"another person"), close=False)) as rogue:
        transport = Transport(rogue.url, allow_private=True)
        for _ in range(5):
            assert transport.send("GET", "/", {}, deadline=time.monotonic() + 3).body == b"ok"
        assert rogue.connections == 5


def test_late_surplus_is_seen_before_the_next_request() -> None:
    def script(guest: socket.socket, _: int) -> None:
        read_request(guest)
        guest.sendall(OK)
        time.sleep(0.1)
        guest.sendall(http(b"another person"))
        read_request(guest)

    with Rogue(script) as rogue:
        transport = Transport(rogue.url, allow_private=True)
        for _ in range(2):
            assert transport.send("GET", "/", {}, deadline=time.monotonic() + 3).body == b"ok"
            time.sleep(1)
        assert rogue.connections == 2


def close_after_request(guest: socket.socket, number: int) -> None:
    """The first connection answers once, takes a second request and leaves without a word."""
    read_request(guest)
    guest.sendall(OK)
    read_request(guest)
    if number > 1:
        guest.sendall(OK)


def test_a_read_on_a_line_the_peer_gave_up_is_asked_once_more() -> None:
    with Rogue(close_after_request) as rogue:
        transport = Transport(rogue.url, allow_private=True)
        for _ in range(2):
            assert transport.send("GET", "/", {}, deadline=time.monotonic() + 3).body == b"ok"
        assert rogue.connections == 2


def test_quirk_Q9_what_is_sent_again_is_made_anew() -> None:
    made: list[int] = []

    def make() -> Request:
        made.append(len(made))
        return Request("POST", "/", {}, str(made[-1]).encode())

    seen: list[bytes] = []

    def script(guest: socket.socket, number: int) -> None:
        seen.append(read_request(guest))
        guest.sendall(OK)
        seen.append(read_request(guest))
        if number > 1:
            guest.sendall(OK)

    with Rogue(script) as rogue:
        transport = Transport(rogue.url, allow_private=True)
        for _ in range(2):
            transport.ask(make, deadline=time.monotonic() + 3)
    assert [request[-1:] for request in seen[:3]] == [b"0", b"1", b"2"]


def test_but_only_once() -> None:
    def script(guest: socket.socket, number: int) -> None:
        read_request(guest)
        if number == 1:
            guest.sendall(OK)
            read_request(guest)

    with Rogue(script) as rogue:
        transport = Transport(rogue.url, allow_private=True)
        transport.send("GET", "/", {}, deadline=time.monotonic() + 3)
        with pytest.raises(OutcomeUnknown):
            transport.send("GET", "/", {}, deadline=time.monotonic() + 3)
        assert rogue.connections == 2


# -- the stage of a failure


def test_refused_is_unavailable() -> None:
    with pytest.raises(Unavailable) as caught:
        ask(f"http://127.0.0.1:{silent_port()}", write=True)
    assert caught.value.code == "DEPARTMENT_UNAVAILABLE"


def test_no_time_left_is_unavailable() -> None:
    with Rogue(always(OK)) as rogue, pytest.raises(Unavailable):
        ask(rogue.url, seconds=-1)
    assert rogue.connections == 0


@pytest.mark.parametrize("write", [False, True])
def test_closed_without_a_word_is_outcome_unknown(write: bool) -> None:
    def script(guest: socket.socket, _: int) -> None:
        read_request(guest)

    fails(script, OutcomeUnknown, "DEPARTMENT_TIMEOUT", write=write)


def test_reset_without_a_word_is_outcome_unknown() -> None:
    def script(guest: socket.socket, _: int) -> None:
        read_request(guest)
        guest.setsockopt(socket.SOL_SOCKET, *PARTED)

    fails(script, OutcomeUnknown, "DEPARTMENT_TIMEOUT")


def test_a_peer_that_reads_nothing_ends_at_the_deadline() -> None:
    def script(guest: socket.socket, _: int) -> None:
        time.sleep(60)

    with Rogue(script) as rogue:
        transport = Transport(rogue.url, allow_private=True)
        body = b"x" * 30_000_000
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown):
            transport.send("POST", "/", {}, body, deadline=started + 1.5)
        assert time.monotonic() - started < 9


# -- the deadline


def drip(data: bytes, pause: float, first: bytes = b"") -> Script:
    def script(guest: socket.socket, _: int) -> None:
        read_request(guest)
        guest.sendall(first)
        for position in range(len(data)):
            guest.sendall(data[position : position + 1])
            time.sleep(pause)

    return script


@pytest.mark.parametrize(
    "script",
    [
        drip(OK, 0.3),
        drip(b"x" * 100, 0.8, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
        drip(b"1\r\nx\r\n" * 100, 0.2, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        drip(b"X: y\r\n" * 90, 0.2, b"HTTP/1.1 200 OK\r\n"),
        drip(b"x" * 100, 0.2, b"HTTP/1.1 200 OK\r\n\r\n"),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.02),
        drip(b"", 0),
    ],
    ids=["head", "body", "chunks", "headers", "close-delimited", "continues", "hang"],
)
def test_fault_F4_row_B98_a_drip_ends_at_the_deadline(script: Script) -> None:
    def hold(guest: socket.socket, number: int) -> None:
        script(guest, number)
        time.sleep(60)

    with Rogue(hold) as rogue:
        started = time.monotonic()
        with pytest.raises(OutcomeUnknown) as caught:
            ask(rogue.url, seconds=1)
        took = time.monotonic() - started
    assert caught.value.code == "DEPARTMENT_TIMEOUT"
    assert 0.9 < took < 8


def test_a_silent_tls_handshake_ends_at_the_deadline() -> None:
    def script(guest: socket.socket, _: int) -> None:
        time.sleep(60)

    with Rogue(script) as rogue:
        started = time.monotonic()
        with pytest.raises(Unavailable):
            ask(rogue.url.replace("http:", "https:"), seconds=0.7)
        assert time.monotonic() - started < 8


# -- the size and the shape of an answer


def test_threat_T13_row_B94_a_compression_bomb_costs_its_cap_and_no_more() -> None:
    script = f"""
        import resource, time
        from adapters.protocols.transport import Transport
        from hub.port import Garbled
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        try:
            Transport("URL", allow_private=True).send("GET", "/", {{}}, deadline=time.monotonic() + 5)
        except Garbled as error:
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
            print(error.code, grown <= 3 * {BODY_CAP})
    """
    squeezed = gzip.compress(b"\0" * 300_000_000, 9)
    with Rogue(always(http(squeezed, "Content-Encoding: gzip"))) as rogue:
        code = textwrap.dedent(script).replace("URL", rogue.url)
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["UPSTREAM_TOO_LARGE", "True"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_an_answer_compressed_unasked_is_read(encoding: str) -> None:
    body = gzip.compress(b"<a/>") if encoding == "gzip" else zlib.compress(b"<a/>")
    with Rogue(always(http(body, f"Content-Encoding: {encoding}"))) as rogue:
        assert ask(rogue.url).body == b"<a/>"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(gzip.compress(b"a" * 99)[:-9], "Content-Encoding: gzip"), "UPSTREAM_TRUNCATED"),
        (http(gzip.compress(b"a") + gzip.compress(b"b"), "Content-Encoding: gzip"), "UPSTREAM_MALFORMED"),
        (http(b"plain", "Content-Encoding: gzip"), "UPSTREAM_MALFORMED"),
        (http(b"plain", "Content-Encoding: br"), "UPSTREAM_MALFORMED"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 6000000\r\n\r\n", "UPSTREAM_TOO_LARGE"),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 6_000_000, "UPSTREAM_TOO_LARGE"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" + b"x" * 6_000_000, "UPSTREAM_TOO_LARGE"),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFF\r\n" + b"x" * 6_000_000,
            "UPSTREAM_TOO_LARGE",
        ),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n", "UPSTREAM_MALFORMED"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000 + b"\r\n\r\n", "UPSTREAM_TOO_LARGE"),
        (b"HTTP/1.1 200 OK\r\n" + (b"X: " + b"y" * 8000 + b"\r\n") * 50 + b"\r\n", "UPSTREAM_TOO_LARGE"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", "UPSTREAM_TRUNCATED"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nsho", "UPSTREAM_TRUNCATED"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n", "UPSTREAM_TRUNCATED"),
        (http(b"short", "Content-Length: 4"), "UPSTREAM_MALFORMED"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nshort", "UPSTREAM_MALFORMED"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1_0\r\n\r\nshortshort", "UPSTREAM_MALFORMED"),
        (http(b"short", "no field at all"), "UPSTREAM_MALFORMED"),
        (http(b"short", "X : y"), "UPSTREAM_MALFORMED"),
        (http(b"short", "X: a\0b"), "UPSTREAM_MALFORMED"),
        (http(b"short", "X: a\rContent-Length: 2"), "UPSTREAM_MALFORMED"),
        (b"HTTP/1.1 200 OK\r\nContent-Len", "UPSTREAM_TRUNCATED"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", "UPSTREAM_TRUNCATED"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "UPSTREAM_MALFORMED"),
        (b"\x00\x01\x02\x03" * 100, "UPSTREAM_MALFORMED"),
        (http(b"", "Location: http://127.0.0.1:1/", status="302 Found"), "UPSTREAM_REDIRECT"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)} bytes",  # the same at each collection
)
def test_fault_F5_fault_F7_row_B92_row_B94_answers_that_are_none(answer: bytes, code: str) -> None:
    fails(always(answer), Garbled, code)


def test_a_head_as_old_servers_write_it() -> None:
    """Folded fields, one field twice, whatever case, line feeds alone, a word before the answer."""
    head = b"HTTP/1.1 200 OK\nset-cookie: a=1\nSet-Cookie: b=2\nX-Long:  one\n\t two \nCONTENT-LENGTH: 2\n\n"
    with Rogue(always(b"HTTP/1.1 100 Continue\r\nX-Long: 0\r\n\r\n" + head + b"ok")) as rogue:
        answer = ask(rogue.url)
    assert (answer.body, answer.framed, answer.headers.get("x-long")) == (b"ok", True, "one two")
    assert (answer.headers.get_all("SET-COOKIE"), answer.headers.get("Missing")) == (["a=1", "b=2"], None)


def test_a_line_whose_answer_ends_in_two_ways_serves_nobody_else() -> None:
    """Another reader would take the rest for the next answer."""
    both = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
    with Rogue(always(both, close=False)) as rogue:
        transport = Transport(rogue.url, allow_private=True)
        for _ in range(2):
            assert transport.send("GET", "/", {}, deadline=time.monotonic() + 3).body == b"ok"
        transport.close()
        assert rogue.connections == 2


def test_a_reset_within_the_answer_is_truncation() -> None:
    def script(guest: socket.socket, _: int) -> None:
        read_request(guest)
        guest.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nab")
        time.sleep(0.1)
        guest.setsockopt(socket.SOL_SOCKET, *PARTED)

    fails(script, Garbled, "UPSTREAM_TRUNCATED")


def test_close_delimited_says_that_it_is_not_framed() -> None:
    with Rogue(always(b"HTTP/1.0 200 OK\r\n\r\n<a></a>")) as rogue:
        got = ask(rogue.url)
    assert (got.body, got.framed) == (b"<a></a>", False)


@pytest.mark.parametrize("status", ["302 Found", "308 Permanent Redirect"])
def test_threat_T12_row_B95_a_redirect_takes_nothing_anywhere(status: str) -> None:
    with Rogue(always(OK)) as thief:
        script = always(http(b"", f"Location: {thief.url}/steal", status=status))
        fails(script, Garbled, "UPSTREAM_REDIRECT")
        assert thief.connections == 0


@pytest.mark.parametrize(
    ("status", "write", "kind"),
    [
        (500, False, Unavailable),
        (503, False, Unavailable),
        (500, True, OutcomeUnknown),
        (401, False, Denied),
        (403, True, Denied),
        (429, True, Unavailable),
        (404, False, Garbled),
    ],
)
def test_other_statuses(status: int, write: bool, kind: type[PortError]) -> None:
    with Rogue(always(http(b"x", status=f"{status} Any"))) as rogue:
        assert type(refuse(ask(rogue.url), write)) is kind


# -- what a request may hold


@pytest.mark.parametrize("path", ["x", "//e vil", "/a\r\nX: y", "/名", ""])
def test_a_path_that_is_none(path: str) -> None:
    with pytest.raises(ValueError, match="path or header"):
        Transport("http://127.0.0.1:9", allow_private=True).send("GET", path, {}, deadline=time.monotonic() + 1)


def test_a_header_value_cannot_open_another_line() -> None:
    transport = Transport("http://127.0.0.1:9", allow_private=True)
    for value in ("a\r\nX: y", "a\nb", "a\0b"):
        with pytest.raises(ValueError, match="path or header"):
            transport.send("GET", "/", {"SOAPAction": value}, deadline=time.monotonic() + 1)


# -- the target (security.md T11)

SPELLINGS = [
    "http://127.1:{port}",
    "http://2130706433:{port}",
    "http://0x7f000001:{port}",
    "http://0x7f.1:{port}",
    "http://0177.0.0.1:{port}",
    "http://0:{port}",
    "http://127.0.0.1.:{port}",
    "http://[::ffff:127.0.0.1]:{port}",
    "http://[::ffff:7f00:1]:{port}",
    "http://gov.cn@127.0.0.1:{port}",
    "http://127.0.0.1:{port}\\@gov.cn",
    "http://127.0.0.1#@gov.cn:{port}/",
    "http://127.0.0.1:{port}/?x=1",
    "http://１２７.0.0.1:{port}",
    "http://127。0。0。1:{port}",
    "ftp://127.0.0.1:{port}",
    "file:///etc/passwd",
    "http://127.0.0.1:99999",
    "http://:{port}",
    "",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_threat_T11_odd_addresses_reach_nothing_even_where_private_ones_are_allowed(spelling: str) -> None:
    with Rogue(always(OK)) as rogue:
        with pytest.raises(Problem) as caught:
            ask(spelling.format(port=rogue.port))
        assert rogue.connections == 0
    assert caught.value.code == "CONFIG_INVALID"


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.1.2.3", "192.168.0.1", "172.16.0.1", "[::1]", "[fc00::1]"]
)
def test_threat_T11_private_addresses_need_permission(host: str) -> None:
    with pytest.raises(Problem) as caught:
        target.resolve(f"http://{host}:80", allow_private=False)
    assert caught.value.code == "CONFIG_INVALID"
    assert target.resolve(f"http://{host}:80", allow_private=True).port == 80


@pytest.mark.parametrize(
    "host", ["169.254.169.254", "100.100.100.200", "0.0.0.0", "224.0.0.1", "[fe80::1]", "[fd00:ec2::254]", "[::]"]
)
def test_threat_T11_metadata_and_link_local_are_never_allowed(host: str) -> None:
    with pytest.raises(Problem):
        target.resolve(f"http://{host}", allow_private=True)


def test_a_public_address_needs_no_permission() -> None:
    found = target.resolve("https://1.2.3.4/ws", allow_private=False)
    assert (found.address, found.port, found.secure, found.path) == ("1.2.3.4", 443, True, "/ws")


def test_threat_T11_a_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: the second answer of the resolver is never asked for."""
    asked: list[str] = []

    def resolver(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host != "medical.example":
            return []  # a thread of another test
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1" if len(asked) == 1 else "127.0.0.2", port))]

    with Rogue(always(OK, close=False)) as rogue:
        monkeypatch.setattr(target.socket, "getaddrinfo", resolver)
        transport = Transport(f"http://medical.example:{rogue.port}", allow_private=True)
        for _ in range(3):
            assert transport.send("POST", "/", {}, b"x", deadline=time.monotonic() + 3, write=True).body == b"ok"
    assert asked == ["medical.example"]


def test_threat_T11_a_name_with_one_address_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def resolver(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        return [(2, 1, 6, "", ("1.2.3.4", port)), (2, 1, 6, "", ("10.0.0.1", port))]

    monkeypatch.setattr(target.socket, "getaddrinfo", resolver)
    with pytest.raises(Problem):
        target.resolve("http://medical.example", allow_private=False)


def test_a_resolver_that_hangs_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()

    def resolver(*_: object, **__: object) -> list[object]:
        over.wait(60)
        return []

    monkeypatch.setattr(target.socket, "getaddrinfo", resolver)
    monkeypatch.setattr(target, "_RESOLVE_S", 0.2)
    with pytest.raises(Unavailable):
        target.resolve("http://medical.example", allow_private=True)
    over.set()


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with Rogue(always(OK)) as rogue, Rogue(always(http(b"proxy"))) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert ask(rogue.url).body == b"ok"
        assert proxy.connections == 0


# -- TLS


@pytest.fixture
def certificate(tmp_path: Path) -> Iterator[tuple[ssl.SSLContext, Path]]:
    """A server that shows a certificate for `department.example`, and the CA file that vouches for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "department.example")])
    now = Clock().now()
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("department.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "department.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    yield context, file


def to_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target.socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("127.0.0.1", 0))])


def test_tls_verifies_the_name_and_keeps_the_connection(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    to_loopback(monkeypatch)
    context, file = certificate
    with Rogue(always(OK, close=False), context) as rogue:
        no_store: Any = None
        transport = Transport.of(
            Setting(
                "x",
                f"https://department.example:{rogue.port}",
                {},
                file.parent,
                no_store,
                options={"ca_file": file.name},
                allow_private=True,
            )
        )
        for _ in range(3):
            assert transport.send("GET", "/", {}, deadline=time.monotonic() + 3).body == b"ok"
        assert rogue.connections == 1


@pytest.mark.parametrize("host", ["other.example", "department.example"])
def test_a_wrong_name_and_an_unknown_issuer_are_refused(
    certificate: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    to_loopback(monkeypatch)
    context, file = certificate
    trusted = file if host == "other.example" else None
    with Rogue(always(OK), context) as rogue:
        transport = Transport(f"https://{host}:{rogue.port}", allow_private=True, ca_file=trusted)
        with pytest.raises(Garbled) as caught:
            transport.send("GET", "/", {}, deadline=time.monotonic() + 3)
    assert caught.value.code == "UPSTREAM_TLS"


def test_a_ca_file_that_is_none_stops_the_system(tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("no certificate")
    no_store: Any = None
    for name in ("missing.pem", "empty.pem"):
        setting = Setting("x", "https://1.2.3.4", {}, tmp_path, no_store, options={"ca_file": name})
        with pytest.raises(Problem) as caught:
            Transport.of(setting)
        assert caught.value.code == "CONFIG_INVALID"
