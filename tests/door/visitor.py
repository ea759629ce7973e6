"""A visitor who signs in through the WeChat twin."""

from __future__ import annotations

import secrets

import requests

from tests.conftest import Twins
from tests.door.wire import Server


def sign_in(house: Server, twins: Twins) -> str:
    """The access token of a visitor who has never been here."""
    openid = f"oTEST_{secrets.token_hex(11)}"
    code = requests.post(f"{twins['wechat']['url']}/twin/login-codes", json={"openid": openid}, timeout=30).json()[
        "code"
    ]
    told = house.post("/api/v1/sessions", {"code": code})
    assert told.status == 201, told.content
    token: str = told.body["access_token"]
    return token


def bearer(token: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", **{name.replace("_", "-"): text for name, text in headers.items()}}
