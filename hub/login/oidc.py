"""Staff sign-in at the county's own OpenID Connect issuer: code flow with PKCE, through Authlib, where it is installed.

Who the issuer names must have an account here. No transaction is open while the issuer speaks.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
import structlog
from joserfc import jwt
from joserfc.jwk import KeySet

from hub.clock import Clock
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.identity.accounts import Accounts
from hub.login import rules
from hub.login.service import Login
from hub.login.sessions import Tokens
from hub.settings.live import Settings
from hub.settings.shapes import Oidc

try:
    from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
except ImportError:  # the extra is not installed: then there is no such sign-in
    OAuth2Session = None

_ALGORITHMS = ["RS256", "PS256", "ES256"]
_PURPOSE = "login.oidc"
_LASTS = timedelta(minutes=10)
_DOCUMENT_KEPT_S = 300.0
_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Begun:
    """Where the browser goes. The ticket stays with the client that began, so that nobody else's answer fits."""

    authorization_url: str
    state: str
    ticket: str


class OidcDoor:
    """One for the process."""

    def __init__(
        self, settings: Settings, database: Database, crypto: Crypto, clock: Clock, accounts: Accounts, login: Login
    ) -> None:
        self._settings = settings
        self._database = database
        self._crypto = crypto
        self._clock = clock
        self._accounts = accounts
        self._login = login
        self._document: tuple[str, float, Mapping[str, Any]] = ("", 0.0, {})
        self._log = structlog.get_logger()

    def subject(self, sub: str) -> str:
        """What an account is found by: the issuer and its name for the person. Raises NOT_FOUND without an issuer."""
        return f"{self._oidc().issuer} {sub}"

    def begin(self) -> Begun:
        """Keeps nothing. Raises NOT_FOUND where no issuer is configured, DEPARTMENT_UNAVAILABLE when it is away."""
        oidc = self._oidc()
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        with _client(oidc) as client:
            endpoint = self._endpoint(client, oidc, "authorization_endpoint")
            url, state = client.create_authorization_url(endpoint, code_verifier=verifier, nonce=nonce)
        until = (self._clock.now() + _LASTS).timestamp()
        sealed = self._crypto.seal(orjson.dumps([verifier, nonce, state, until]), _PURPOSE)
        return Begun(url, state, base64.urlsafe_b64encode(sealed).decode())

    def sign_in(self, code: str, state: str, ticket: str, key_thumbprint: str = "") -> Tokens:
        """Raises LOGIN_FAILED, whatever was wrong; DEPARTMENT_UNAVAILABLE when the issuer is away. A ticket works
        once."""
        oidc = self._oidc()
        verifier, nonce = self._spent(ticket, state)
        subject = self._proved(oidc, code, verifier, nonce)
        with self._database.session() as session:
            account = self._accounts.of_oidc(session, self.subject(subject))
            if account is None:
                raise self._refused("no account")
            tokens = self._login.begin_staff(session, account.staff_id, account.role, key_thumbprint)
        self._log.info("staff_signed_in", actor=account.staff_id, role=account.role)
        return tokens

    def _spent(self, ticket: str, state: str) -> tuple[str, str]:
        """The verifier and the nonce of this attempt, which is over by that."""
        try:
            opened = self._crypto.open(base64.urlsafe_b64decode(ticket.encode()), _PURPOSE)
            verifier, nonce, begun, until = orjson.loads(opened)
            if not secrets.compare_digest(begun.encode(), state.encode()) or until <= self._clock.now().timestamp():
                raise self._refused("another attempt")
            self._login.mark(f"{_PURPOSE}:{nonce}")
        except (Problem, ValueError) as error:
            if isinstance(error, Problem) and error.code == "STORE_UNAVAILABLE":
                raise
            raise self._refused("ticket") from None
        return verifier, nonce

    def _proved(self, oidc: Oidc, code: str, verifier: str, nonce: str) -> str:
        """Whom the issuer names for this code."""
        with _client(oidc) as client:
            keys = _asked(client, self._endpoint(client, oidc, "jwks_uri"))
            endpoint = self._endpoint(client, oidc, "token_endpoint")
            try:
                told = client.fetch_token(endpoint, code=code, code_verifier=verifier)
                claims = jwt.decode(told["id_token"], KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims
            except OSError as error:  # as every failure of the wire is one
                raise _no_answer(type(error).__name__) from None
            except Exception as error:  # whatever Authlib and what it stands on may raise
                raise self._refused(type(error).__name__) from None
        if not _hold(claims, oidc, nonce, self._clock.now().timestamp()):
            raise self._refused("claims")
        return str(claims["sub"])

    def _endpoint(self, client: Any, oidc: Oidc, name: str) -> str:
        """From the issuer's own document, which is believed for five minutes."""
        issuer, until, found = self._document
        if issuer != oidc.issuer or until <= self._clock.monotonic():
            found = _asked(client, f"{oidc.issuer.rstrip('/')}/.well-known/openid-configuration")
            if not isinstance(found, dict) or found.get("issuer") != oidc.issuer:
                raise _no_answer("its document is of another issuer")
            self._document = (oidc.issuer, self._clock.monotonic() + _DOCUMENT_KEPT_S, found)
        value = found.get(name)
        if not isinstance(value, str) or not value.startswith(("https://", *_plain(oidc))):
            raise _no_answer(f"its document has no {name}")
        return value

    def _oidc(self) -> Oidc:
        oidc = self._settings.now.hub.oidc
        if oidc is None or OAuth2Session is None:
            raise Problem("NOT_FOUND")
        return oidc

    def _refused(self, why: str) -> Problem:
        self._log.warning("staff_sign_in_refused", actor="unknown", note=why)
        return Problem("LOGIN_FAILED")


def _plain(oidc: Oidc) -> tuple[str, ...]:
    """An issuer without TLS is on this machine; no other one may send us to a place without."""
    return ("http://",) if oidc.issuer.startswith("http://") else ()


def _client(oidc: Oidc) -> Any:
    client = OAuth2Session(
        oidc.client_id, oidc.client_secret or None, scope="openid", redirect_uri=oidc.redirect_uri,
        code_challenge_method="S256", default_timeout=_SECONDS,
        token_endpoint_auth_method="client_secret_basic" if oidc.client_secret else "none",
    )  # fmt: skip
    client.trust_env = False  # no proxy and no password that the configuration does not name
    client.max_redirects = 0  # a code is sent to no other place
    return client


def _asked(client: Any, url: str) -> Any:
    try:
        answer = client.get(url, timeout=_SECONDS, withhold_token=True)
        if answer.status_code == 200:
            return answer.json()
    except Exception as error:
        raise _no_answer(type(error).__name__) from None
    raise _no_answer(str(answer.status_code))


def _no_answer(why: str) -> Problem:
    return Problem("DEPARTMENT_UNAVAILABLE", origin="hub", note=f"the staff issuer: {why}")


def _hold(claims: Mapping[str, Any], oidc: Oidc, nonce: str, now: float) -> bool:
    issued, expires = claims.get("iat"), claims.get("exp")
    return (
        claims.get("iss") == oidc.issuer
        and claims.get("aud") in (oidc.client_id, [oidc.client_id])
        and claims.get("nonce") == nonce
        and isinstance(claims.get("sub"), str)
        and isinstance(issued, int | float)
        and isinstance(expires, int | float)
        and issued <= now + rules.LEEWAY_S
        and now < expires
    )
