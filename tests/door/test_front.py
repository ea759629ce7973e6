"""The citizen's pages at `/`: pressed, strict about where they load from, kept by the browser; nobody to be chosen."""

from __future__ import annotations

import re

from werkzeug.test import Client

from blueprints.app import create_app
from hub.main import Hub


def test_the_first_page_is_served_pressed_and_strict(hub: Hub) -> None:
    client = Client(create_app(hub))
    page = client.get("/", headers={"Accept-Encoding": "gzip"})
    assert page.headers["Content-Encoding"] == "gzip"
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    html = client.get("/").text
    asked = re.findall(r'(?:src|href)="(/assets/[^"]+)"', html)
    assert len(asked) == 3
    for name in asked:
        answer = client.get(name, headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200 and "immutable" in answer.headers["Cache-Control"]
        again = client.get(name, headers={"Accept-Encoding": "gzip", "If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 304
    assert client.get("/assets/none.js").status_code == 404


def test_a_hub_that_is_no_demo_lets_nobody_choose_whom_to_be(hub: Hub) -> None:
    client = Client(create_app(hub))
    assert client.get("/api/v1/demo/people").status_code == 404
    assert client.post("/api/v1/demo/login-codes", json={"resident": "R0001"}).status_code == 404
