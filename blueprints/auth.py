"""Who asks: the bearer token of a request, the level of a citizen, the permissions of a member of staff."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flask import current_app, request

from blueprints import asking
from hub.errors import Problem
from hub.identity.rules import require_level

if TYPE_CHECKING:
    from hub.gateway.orders import ActsFor
    from hub.login.service import Principal
    from hub.main import Hub

_PRINCIPAL = "hub.principal"  # in the environ: to ask it is cheaper than `g`, and views ask more than once
_BEARER = re.compile(r"(?:[Bb]earer|DPoP) +([A-Za-z0-9._~+/=-]{1,4096})", re.ASCII)


def the_hub() -> Hub:
    """The hub of this app."""
    hub: Hub = current_app._get_current_object().extensions["hub"]  # type: ignore[attr-defined]
    return hub


def caller() -> Principal:
    """Whoever holds the token of this request; asked once per request."""
    environ = asking.environ()
    principal: Principal | None = environ.get(_PRINCIPAL)
    return identified(environ, the_hub()) if principal is None else principal


def identified(environ: dict[str, Any], hub: Hub) -> Principal:
    """The same where environ and hub are at hand."""
    token = _token(environ)
    principal = hub.login.principal(token)
    if principal.key_thumbprint and proved_key(token) != principal.key_thumbprint:
        raise Problem("PROOF_INVALID")
    environ[_PRINCIPAL] = principal
    return principal


def proved_key(access_token: str = "") -> str:
    """The thumbprint of the key by which the client signed this request (DPoP); empty where it did not."""
    proof = asking.environ().get("HTTP_DPOP")
    if proof is None:
        return ""
    return the_hub().proofs.check(proof, request.method, request.host, request.path, access_token)


def require(level: int = 0, mandated: bool = False) -> Principal:
    """The citizen who asks, at this level of proof or above. Only `mandated` views may be asked for somebody else."""
    principal = caller()
    if principal.kind != "citizen":
        raise Problem("ROLE_REQUIRED")
    if "HTTP_X_ACT_FOR" in asking.environ() and not mandated:
        raise Problem("NOT_FOUND")  # answering as the caller's own would be a wrong answer
    require_level(level, principal.level)
    return principal


def acts_for(principal: Principal) -> ActsFor | None:
    """For whom the caller acts in this request: X-Act-For names a mandate of the caller's that is in force."""
    mandate = asking.environ().get("HTTP_X_ACT_FOR")
    return None if mandate is None else the_hub().mandates.acting(mandate, principal.citizen_id)


def require_permission(name: str) -> Principal:
    """The member of staff who asks, one of whose roles has this permission."""
    principal = caller()
    if principal.kind == "citizen":
        raise Problem("ROLE_REQUIRED")
    roles = the_hub().settings.now.roles
    for role in principal.roles:
        if name in roles.get(role, ()):
            return principal
    raise Problem("ROLE_REQUIRED")


def _token(environ: Mapping[str, Any]) -> str:
    header: str = environ.get("HTTP_AUTHORIZATION", "").strip()
    if not header:
        raise Problem("TOKEN_MISSING")
    match = _BEARER.fullmatch(header)
    if match is None:
        raise Problem("TOKEN_INVALID")
    return match.group(1)
