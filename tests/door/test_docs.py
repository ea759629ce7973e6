"""/docs: everything from here, nothing inline, and no way out of its folder."""

from __future__ import annotations

import gzip
import re

import pytest

from tests.door.wire import Server


def test_the_page_asks_only_this_host_and_runs_nothing_inline(server: Server) -> None:
    page = server.get("/docs")
    text = page.content.decode()
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "script-src 'self'" in policy
    assert "connect-src 'self'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|https?://", text)
    linked = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(linked) >= 4
    for path in linked:
        told = server.get(path)
        assert (told.status, told.headers["x-content-type-options"]) == (200, "nosniff"), path
        assert told.headers["content-type"].split("/")[0] in {"text", "image"}


@pytest.mark.parametrize("path", ["/docs/none.js", "/docs/LICENSE", "/docs/swagger", "/docs/docs.html"])
def test_nothing_else_is_served(server: Server, path: str) -> None:
    assert (server.get(path).status, server.get(path).code) == (404, "NOT_FOUND")


def test_assets_are_asked_once(server: Server) -> None:
    tag = server.get("/docs/swagger-ui.css").headers["etag"]
    told = server.get("/docs/swagger-ui.css", {"If-None-Match": tag})
    assert (told.status, told.content) == (304, b"")


def test_the_document_is_served_as_json(server: Server) -> None:
    told = server.get("/openapi.json")
    assert told.headers["content-type"] == "application/json"
    assert told.body["openapi"] == "3.1.0"


def test_what_is_large_is_sent_pressed(server: Server) -> None:
    for path in ("/openapi.json", "/docs/swagger-ui-bundle.js"):
        whole, pressed = server.get(path), server.get(path, {"Accept-Encoding": "gzip"})
        assert gzip.decompress(pressed.content) == whole.content
        assert 2 * len(pressed.content) < len(whole.content)
