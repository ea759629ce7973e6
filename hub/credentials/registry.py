"""Licences that their issuer keeps: asked for through the gateway each time, matched with the holder, never stored."""

from __future__ import annotations

from hub.credentials.licence_id import read
from hub.credentials.rules import Held, is_holder, kept_by_issuer
from hub.crypto import Crypto
from hub.errors import Problem
from hub.gateway.orders import Caller, Registered
from hub.gateway.service import Gateway
from hub.settings.shapes import Licence
from hub.trace import Trace

_PATIENCE_S = 3.0


class Registries:
    def __init__(self, gateway: Gateway, crypto: Crypto) -> None:
        self._gateway, self._crypto = gateway, crypto

    def held(self, type: Licence, person: Registered, caller: Caller, trace: Trace) -> list[Held]:
        """The licences of this kind of one person, as their issuer has them now. Raises what the department answers;
        UPSTREAM_SUBJECT_MISMATCH when it is somebody else's, UPSTREAM_MALFORMED when an id is wrong."""
        assert type.system is not None and type.operation is not None
        asked = {"id_number": person.id_number, "name": person.name}
        origin = f"department:{type.system}"
        try:
            answer = self._gateway.ask(type.system, type.operation, asked, caller, trace, _PATIENCE_S).fields
        except Problem as problem:
            if problem.code == "DEPARTMENT_REJECTED":  # it holds nothing of this person
                return []
            raise
        if not is_holder(answer["name"], answer["id_number"], person):
            raise Problem("UPSTREAM_SUBJECT_MISMATCH", origin=origin)
        try:
            return [kept_by_issuer(type, row, answer, self._own_id(row["licence_id"])) for row in answer["licences"]]
        except ValueError as error:
            raise Problem("UPSTREAM_MALFORMED", origin=origin, note=f"a licence id: {error}") from None

    def _own_id(self, licence_id: str) -> str:
        """The same for every version of a licence; says nothing of it."""
        return "l" + self._crypto.lookup(read(licence_id).lasting, "credentials.id").hex()[:32]
