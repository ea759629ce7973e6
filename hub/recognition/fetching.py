"""Gets the signed trust list from where it is published. It is believed for its signature, not for its place."""

from __future__ import annotations

import http.client
import time
from urllib.parse import urlsplit

import structlog

from hub.database import Database
from hub.recognition.desk import Desk
from hub.recognition.standing import Standing
from hub.recognition.trust import signed_list, signers

_SECONDS, _WHOLE_S = 3.0, 10.0
_MOST, _PIECE = 64 << 20, 256 << 10
_ACTOR = "hub work"


def fetched(url: str) -> str:
    """Raises ValueError and says why there is nothing: no answer, another status, too large, too slow, no text."""
    place, until = urlsplit(url), time.monotonic() + _WHOLE_S
    kind = http.client.HTTPSConnection if place.scheme == "https" else http.client.HTTPConnection
    connection, whole = kind(place.hostname or "", place.port, timeout=_SECONDS), bytearray()
    try:
        connection.request("GET", place.path or "/", headers={"Accept": "application/jose"})
        answer = connection.getresponse()
        if answer.status != 200:
            raise ValueError(f"it answers {answer.status}")
        while piece := answer.read(_PIECE):
            whole += piece
            if len(whole) > _MOST or time.monotonic() > until:
                raise ValueError("it is too large or too slow")
        return whole.decode("ascii").strip()
    except (OSError, http.client.HTTPException, UnicodeDecodeError) as error:
        raise ValueError(f"it does not answer as it should: {type(error).__name__}") from error
    finally:
        connection.close()


class Fetching:
    """For `hub work`; what is told of a failure is told once, until it is another."""

    def __init__(self, database: Database, standing: Standing, desk: Desk) -> None:
        self._database, self._standing, self._desk = database, standing, desk
        self._told = ""
        self._log = structlog.get_logger()

    def fetch(self) -> int:
        """The version that was taken; 0 where there is nothing newer, or nothing to be believed."""
        settings = self._standing.now().settings
        if not settings.list_url:
            return 0
        try:
            signed = fetched(settings.list_url)
            version = signed_list(signed, signers(settings.signers)).version
            if version == self._standing.now().trust.version:
                return self._say("")
            with self._database.session() as session:
                self._desk.take_list(session, signed, _ACTOR)
        except ValueError as error:
            return self._say(str(error))
        self._standing.forget()
        self._say("")
        return version

    def _say(self, what: str) -> int:
        if what and what != self._told:
            self._log.warning("trust_list_not_taken", note=what)
        self._told = what
        return 0
