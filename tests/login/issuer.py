"""A small OpenID Connect issuer on loopback: discovery, code flow with PKCE, keys. What it signs can be spoiled."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT, SECRET, BACK = "hub", "a-client-secret-of-the-test", "https://ops.example.gov.cn/signed-in"


class Issuer:
    """`spoil` changes the claims of the next tokens; `document` what discovery says; `key` what it signs with."""

    def __init__(self) -> None:
        self.key = self.published = RSAKey.generate_key(2048, parameters={"kid": "i1"})
        self.spoil: dict[str, Any] = {}
        self.document: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.redeemed: list[dict[str, str]] = []
        self.redirects = ""
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.get(self)

            def do_POST(self) -> None:
                server.redeem(self)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def consent(self, authorization_url: str, sub: str) -> tuple[str, str]:
        """What the browser brings back after the person signed in there: code and state."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(authorization_url).query).items()}
        assert (asked["client_id"], asked["redirect_uri"], asked["scope"]) == (CLIENT, BACK, "openid")
        assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
        code = secrets.token_urlsafe(24)
        self.codes[code] = {**asked, "sub": sub}
        return code, asked["state"]

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path == "/.well-known/openid-configuration":
            places = {"authorization_endpoint": "/authorize", "token_endpoint": "/token", "jwks_uri": "/keys"}
            whole = {"issuer": self.url, **{name: self.url + path for name, path in places.items()}}
            _tell(handler, 200, {**whole, **self.document})
        elif handler.path == "/keys":
            _tell(handler, 200, {"keys": [self.published.as_dict(private=False)]})
        else:
            _tell(handler, 404, {})

    def redeem(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self.redeemed.append(form)
        if self.redirects:
            handler.send_response(307)
            handler.send_header("Location", self.redirects)
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        known = self.codes.pop(form.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        proved = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if handler.headers["Authorization"] != f"Basic {basic}":
            _tell(handler, 401, {"error": "invalid_client"})
        elif known is None or proved.decode().rstrip("=") != known["code_challenge"]:
            _tell(handler, 400, {"error": "invalid_grant"})
        else:
            _tell(handler, 200, {"access_token": "a", "token_type": "Bearer", "id_token": self._signed(known)})

    def _signed(self, known: dict[str, str]) -> str:
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "sub": known["sub"], "nonce": known["nonce"], "iat": now}
        claims |= {"exp": now + 60, **self.spoil}
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256", "kid": "i1"}, claims, self.key)


def _tell(handler: BaseHTTPRequestHandler, status: int, value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    handler.send_response(status)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
