"""Rows B1-B44, B61, B64 and B79-B84 of the bad-input table, each over a real socket."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.door.wire import Server, serving

PEOPLE = "/api/v1/people"
EVERYTHING = "/api/v1/everything"


def refused(server: Server, content: Any, status: int, code: str, path: str = PEOPLE, **headers: str) -> None:
    told = server.post(path, content, {name.replace("_", "-"): value for name, value in headers.items()})
    assert (told.status, told.code) == (status, code)
    assert told.body["action"] == "fix"
    assert told.body["origin"] == "citizen"


def field(server: Server, value: Any, code: str, name: str) -> None:
    told = server.post(EVERYTHING, value if isinstance(value, bytes) else {f"a_{name}": value})
    assert (told.status, told.code) == (422, code)
    assert told.body["errors"][0]["path"] == f"a_{name}"


def test_row_B1_empty_body(server: Server) -> None:
    refused(server, b"", 400, "BODY_EMPTY")
    refused(server, b"  \n", 400, "BODY_EMPTY")
    told = server.ask("POST", PEOPLE, b"", {})
    assert (told.status, told.code) == (400, "BODY_EMPTY")


def test_row_B2_broken_json(server: Server) -> None:
    for content in (b"{bad", b'{"name": "x",}', b'{"name": "a\nb"}', b"{'name': 1}", b'{"name": 1} x', b'{"name": 01}'):
        refused(server, content, 400, "JSON_SYNTAX")


def test_row_B3_B4_B5_not_an_object(server: Server) -> None:
    for content in (b"[]", b"null", b'"x"', b"1", b"true"):
        refused(server, content, 400, "JSON_NOT_OBJECT")


def test_row_B6_no_content_type(server: Server) -> None:
    told = server.ask("POST", PEOPLE, b'{"name": "x"}', {})
    assert (told.status, told.code) == (415, "MEDIA_TYPE")


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", "json"])
def test_row_B7_other_content_type(server: Server, media_type: str) -> None:
    refused(server, b'{"name": "x"}', 415, "MEDIA_TYPE", Content_Type=media_type)


def test_row_B8_byte_order_mark_is_stripped(server: Server) -> None:
    assert server.post(PEOPLE, b'\xef\xbb\xbf{"name": "\xe5\xbc\xa0"}').body == {"fields": {"name": "张"}}


def test_row_B9_B10_B12_not_utf8(server: Server) -> None:
    text = '{"name": "张三"}'
    for content in (text.encode("utf-16"), text.encode("utf-16-le"), text.encode("utf-32"), text.encode("gbk")):
        refused(server, content, 400, "CHARSET")
    refused(server, b'{"name": "\xc0\xaf"}', 400, "CHARSET")
    refused(server, b'{"name": "\xed\xa0\x80"}', 400, "CHARSET")


def test_row_B11_charset_gbk(server: Server) -> None:
    content = '{"name": "张三"}'.encode("gbk")
    refused(server, content, 415, "CHARSET", Content_Type="application/json; charset=gbk")
    told = server.post(PEOPLE, {"name": "张"}, {"Content-Type": 'application/json; charset="UTF-8"'})
    assert told.status == 201


def test_row_B13_duplicate_keys(server: Server) -> None:
    refused(server, b'{"name": "a", "name": "b"}', 400, "JSON_DUPLICATE_KEY")
    refused(server, b'{"x": [{"a": 1, "\\u0061": 2}]}', 400, "JSON_DUPLICATE_KEY")


def test_row_B14_B15_B16_numbers(server: Server) -> None:
    for number in ("NaN", "Infinity", "-Infinity", "1" * 5000, "-" + "1" * 30, "1E+999999", "1e400"):
        refused(server, f'{{"free": {{"x": [{number}]}}}}'.encode(), 400, "JSON_NUMBER")


def test_row_B17_B18_depth(server: Server) -> None:
    refused(server, b"[" * 100_000, 400, "JSON_DEPTH")
    refused(server, b'{"a":' * 900 + b"1" + b"}" * 900, 400, "JSON_DEPTH")
    refused(server, b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", 400, "JSON_DEPTH")
    assert server.post("/api/v1/free", b'{"a":' + b"[" * 31 + b"]" * 31 + b"}").status == 200


def test_row_B19_lone_surrogate(server: Server) -> None:
    refused(server, b'{"name": "a\\ud800"}', 400, "TEXT_INVALID")
    refused(server, b'{"\\udfff": 1}', 400, "TEXT_INVALID")
    assert server.post(PEOPLE, b'{"name": "\\ud842\\udfb7"}').body["fields"]["name"] == "𠮷"


def test_row_B20_nul(server: Server) -> None:
    refused(server, b'{"name": "a\\u0000"}', 400, "TEXT_CONTROL")
    refused(server, b'{"a": {"b\\u0000": [1]}}', 400, "TEXT_CONTROL")


def test_row_B21_line_break_in_one_line(server: Server) -> None:
    field(server, "a\r\nb", "TEXT_CONTROL", "text")


def test_row_B22_B23_invisible(server: Server) -> None:
    field(server, "a\u202eb", "TEXT_INVISIBLE", "text")
    field(server, "张\u200b三", "TEXT_INVISIBLE", "name")


def test_row_B24_B25_required(server: Server) -> None:
    for content in ({}, {"name": ""}, {"name": " \u3000"}, {"name": None}):
        refused(server, content, 422, "REQUIRED")


def test_row_B26_too_long(server: Server) -> None:
    refused(server, {"name": "张" * 51}, 422, "TOO_LONG")


def test_row_B27_B29_unknown_fields(server: Server) -> None:
    for name in ("is_admin", "__proto__", "constructor"):
        refused(server, {"name": "张三", name: 1}, 422, "UNKNOWN_FIELD")
    assert b"canary" not in server.post(PEOPLE, {"name": "x", "canary 7": "canary"}).content


def test_row_B28_sixty_thousand_keys(server: Server) -> None:
    content = json.dumps({f"k{n}": 1 for n in range(60_000)}).encode()
    refused(server, content, 400, "JSON_KEYS")
    told = server.post(PEOPLE, content)
    assert len(told.content) < 1000
    assert server.post("/api/v1/free", {f"k{n}": 1 for n in range(200)}).status == 200
    refused(server, {f"k{n}": 1 for n in range(201)}, 400, "JSON_KEYS", path="/api/v1/free")


def test_row_B30_too_large(server: Server) -> None:
    large = b'{"name": "' + b"a" * (1024 * 1024 - 11) + b'"}'
    assert len(large) == 1024 * 1024 + 1
    refused(server, large, 413, "BODY_TOO_LARGE")
    fits = b'{"name": "' + b"a" * (1024 * 1024 - 12) + b'"}'
    refused(server, fits, 422, "TOO_LONG")


def test_row_B30_too_large_in_chunks(server: Server) -> None:
    head = b"POST /api/v1/people HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    told = server.raw(head + b"Transfer-Encoding: chunked\r\n\r\n" + piece * 17 + b"0\r\n\r\n")
    assert (told.status, told.code) == (413, "BODY_TOO_LARGE")
    told = server.raw(head + b'Transfer-Encoding: chunked\r\n\r\nb\r\n{"name":"a"\r\n1\r\n}\r\n0\r\n\r\n')
    assert (told.status, told.body) == (201, {"fields": {"name": "a"}})


def test_row_B31_framing(server: Server) -> None:
    head = b"POST /api/v1/people HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    told = server.raw(head + b'Content-Length: 40\r\n\r\n{"name": "a"}', half_close=True)
    assert (told.status, told.code) == (400, "HTTP_FRAMING")
    told = server.raw(head + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
    assert (told.status, told.code) == (400, "HTTP_FRAMING")
    for lengths in (
        b"Content-Length: 13\r\nContent-Length: 14\r\n",
        b"Content-Length: +13\r\n",
        b"Content-Length: x\r\n",
    ):
        assert server.raw(head + lengths + b'\r\n{"name": "a"}').status == 400  # the server itself refuses


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity, gzip"])
def test_row_B32_compressed(server: Server, encoding: str) -> None:
    refused(server, gzip.compress(b" " * 10_000_000), 415, "CONTENT_ENCODING", Content_Encoding=encoding)


@pytest.mark.parametrize(
    ("name", "value"),
    [("integer", "12"), ("integer", "１２"), ("integer", 1.9), ("integer", True), ("boolean", "yes"), ("year", "2024")],
)
def test_row_B33_to_B37_types(server: Server, name: str, value: Any) -> None:
    field(server, value, "TYPE", name)


def test_row_B38_B39_B40_money(server: Server) -> None:
    field(server, "1E+999999", "AMOUNT_RANGE", "amount")
    field(server, "-0.001", "AMOUNT_RANGE", "amount")
    field(server, "0", "AMOUNT_RANGE", "amount")
    field(server, "0.001", "AMOUNT_SCALE", "amount")
    field(server, 0, "AMOUNT_RANGE", "money_fen")
    field(server, 0.1 + 0.2, "TYPE", "money_fen")


def test_row_B41_B42_B43_days(server: Server) -> None:
    field(server, "2020-02-30", "DATE", "date")
    field(server, "2020-01-01T00:00:00", "TIMEZONE_MISSING", "datetime")
    for day in ("0000-01-01", "9999-12-31"):
        field(server, day, "DATE_RANGE", "date")
    for day in ("2999-01-01", "1700-01-01"):
        field(server, day, "DATE_RANGE", "birth_date")


def test_row_B44_periods(server: Server) -> None:
    refused(server, {"from": "2024-02-01", "to": "2024-01-01"}, 422, "RANGE_ORDER", path="/api/v1/periods")
    refused(server, {"from": "2022-02-01", "to": "2024-01-01"}, 422, "RANGE_TOO_LONG", path="/api/v1/periods")


@pytest.mark.parametrize("dot", ["\u2022", "\u30fb", ".", "\uff0e"])
def test_row_B54_every_dot_between_the_parts_of_a_name_is_one(server: Server, dot: str) -> None:
    assert server.post(PEOPLE, {"name": f"阿依{dot}古丽"}).body["fields"]["name"] == "阿依\u00b7古丽"


def test_row_B61_templates_stay_text(server: Server) -> None:
    for text in ("{{7*7}}", "${7*7}", "{0.__class__}", "%s"):
        assert server.post(PEOPLE, {"name": text}).body["fields"]["name"] == text.replace(".", "·")


IDENTITIES = ["openid", "unionid", "OpenID", "open_id", "union-id"]


@pytest.mark.parametrize("name", IDENTITIES)
def test_row_B64_identity_of_wechat_anywhere(server: Server, name: str) -> None:
    code = "CLIENT_IDENTITY_FORBIDDEN"
    refused(server, {name: "o1"}, 400, code)
    refused(server, {"a": [{"b": {name: "o1"}}]}, 400, code, path="/api/v1/free")
    refused(server, {}, 400, code, path=f"/api/v1/free?x=1&{name}=o1")
    for header, value in ((name, "o1"), (f"X-WX-{name}", "o1"), ("Cookie", f"a=b; {name}=o1")):
        told = server.get("/api/v1/me", {header: value})
        assert (told.status, told.code) == (400, code)
    assert server.get("/api/v1/me?open%69d=o1").code == code
    refused(server, b'{"\\u006fpenid": "o1"}', 400, code)


@pytest.mark.parametrize("size", ["-1", "1000000000", "0", "%EF%BC%91", "1.0", ""])
def test_row_B79_page(server: Server, size: str) -> None:
    told = server.get(f"/api/v1/things?page_size={size}")
    assert (told.status, told.code) == (400, "PAGE_INVALID")


@pytest.mark.parametrize("query", ["sort=password", "fields=*", "cursor=a%00b", "x=%ff", "cursor=%0d%0a"])
def test_row_B80_parameters(server: Server, query: str) -> None:
    told = server.get(f"/api/v1/things?{query}")
    assert (told.status, told.code) == (400, "PARAM_INVALID")


def test_row_B81_parameter_twice(server: Server) -> None:
    for query in ("page_size=1&page_size=2", "page_size=1&page%5Fsize=1", "id=1&id=2"):
        told = server.get(f"/api/v1/things?{query}")
        assert (told.status, told.code) == (400, "PARAM_DUPLICATE")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/things/a%00", "/api/v1/things/%2e%2e/me", "/api/v1/../v1/me", "/api/v1/things/%ff", "/api/v1//me",
        "//api/v1/me", "/api/v1/me;a=b", "/api/v1/things/..;/me", "/api/v1/things/%252e%252e/me", "/api/v1/./me",
        "/api/v1/things/%5c..%5cme", "/api/v1/me%0a", "/api/v1/things/%E5%BC%A0", "/api/v1/me%20",
        "/api/v1/things/...", "/docs/..%2f..%2fdocs.py",
    ],
)  # fmt: skip
def test_row_B82_path_tricks(server: Server, path: str) -> None:
    told = server.raw(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    assert (told.status, told.code) == (400, "PATH_INVALID")


def test_row_B82_another_spelling_is_not_found(server: Server) -> None:
    for path in ("/api/v1/me/", "/api/v1/Me", "/API/v1/me", "/api/v1/things/", "/metricsx"):
        told = server.get(path)
        assert (told.status, told.code) == (404, "NOT_FOUND")
    assert server.raw(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n").code == "PATH_INVALID"


def test_row_B83_headers(server: Server) -> None:
    told = server.get("/api/v1/me", {"X-Long": "a" * 9 * 1024})
    assert (told.status, told.code) == (431, "HEADERS_TOO_LARGE")
    assert server.get("/api/v1/me?cursor=" + "a" * 9 * 1024).code == "HEADERS_TOO_LARGE"
    assert server.get("/api/v1/me", {f"X-{n}": "1" for n in range(101)}).status == 431  # by the server itself
    assert server.get("/api/v1/me", {f"X-{n}": "1" for n in range(80)}).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "localhost@evil.example", "", "localhost:80:80", "localhost, localhost"],
)  # fmt: skip
def test_row_B83_host(server: Server, host: str) -> None:
    told = server.raw(f"GET /api/v1/me HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert (told.status, told.code) == (400, "HOST_INVALID")


def test_row_B83_no_host(server: Server) -> None:
    assert server.raw(b"GET /api/v1/me HTTP/1.1\r\nConnection: close\r\n\r\n").code == "HOST_INVALID"
    assert server.raw(b"GET /api/v1/me HTTP/1.1\r\nHost: LOCALHOST:8080\r\nConnection: close\r\n\r\n").status == 200


def test_row_B84_forwarded_for_of_a_stranger_is_ignored(server: Server) -> None:
    told = server.get("/api/v1/me", {"X-Forwarded-For": "203.0.113.7", "Forwarded": "for=203.0.113.7"})
    assert told.body["address"] == "127.0.0.1"


def test_row_B84_forwarded_for_behind_a_listed_proxy() -> None:
    with serving("tests.door.served:app", TEST_PROXIES="127.0.0.0/8 198.51.100.1") as server:
        said = {
            "203.0.113.7": "203.0.113.7",
            "10.0.0.1, 203.0.113.7": "203.0.113.7",
            "203.0.113.7, 198.51.100.1": "203.0.113.7",
            "not an address": "127.0.0.1",
            "": "127.0.0.1",
        }
        for forwarded, address in said.items():
            assert server.get("/api/v1/me", {"X-Forwarded-For": forwarded}).body["address"] == address, forwarded


def test_row_B75_an_old_client_is_told_to_update() -> None:
    with serving("tests.door.served:app", TEST_MINIMUM_CLIENT="1.4") as server:
        told = server.get("/api/v1/me", {"X-Client-Version": "1.3.9"})
        assert (told.status, told.code) == (410, "VERSION_SUNSET")
        assert server.get("/api/v1/me", {"X-Client-Version": "new"}).code == "PARAM_INVALID"
        for version in ("1.4", "1.4.0", "1.10"):
            assert server.get("/api/v1/me", {"X-Client-Version": version}).status == 200
        assert server.get("/api/v1/me").status == 200
