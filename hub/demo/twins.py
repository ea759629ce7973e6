"""What a demo that is running knows of its simulated departments, and what it asks of them besides their business.

Only what `hub demo` started can be reached: the control addresses stand in its demo.json.
"""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from hub.errors import Problem

_PATIENCE_S = 5


def told(demo: Path) -> Mapping[str, Any]:
    """demo.json; of nobody while the county is still opening."""
    try:
        found: dict[str, Any] = json.loads(demo.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {"personas": [], "twins": {}}
    return found


def ask(twin: Mapping[str, str], method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """What it answers, None for nothing. Raises DEPARTMENT_UNAVAILABLE."""
    sent = None if body is None else json.dumps(body)
    try:
        with closing(http.client.HTTPConnection(urlsplit(twin["url"]).netloc, timeout=_PATIENCE_S)) as connection:
            connection.request(method, path, sent, {"Content-Type": "application/json"} if sent else {})
            answer = connection.getresponse()
            content = answer.read()
            if answer.status < 400:
                return json.loads(content) if content else None
            why: Any = answer.status
    except (OSError, http.client.HTTPException, ValueError) as error:
        why = repr(error)
    raise Problem("DEPARTMENT_UNAVAILABLE", origin=f"department:{twin['system']}", retry_after=5, note=str(why))
