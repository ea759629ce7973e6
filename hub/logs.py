"""JSON logs by field classification: a field that is not on the list below never reaches a line.

Every allowed field is class 1 or 2 (security.md 6). The pattern at the end is only a net for what hides inside an
allowed text.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any, TextIO

import structlog

from hub.clock import CHINA

_WORDS = """
event level at trace_id service system operation outcome code status method route origin ms bytes_in bytes_out
attempt state before after reason_code version file line column note worker pid port url_host count kind error
job role actor retry_after stage delivery
"""
ALLOWED = frozenset(_WORDS.split())
_NUMBERS = re.compile(r"\d{11,18}[\dXx]?|[\uff10-\uff19]{11,18}")
_LONG = 500


def _allowed_only(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    kept = {key: _netted(value) for key, value in event.items() if key in ALLOWED}
    if "trace_id" in event:  # hex, and it may look like a number to the net
        kept["trace_id"] = str(event["trace_id"])[:32]
    kept["at"] = datetime.now(CHINA).isoformat(timespec="milliseconds")
    return kept


def _netted(value: Any) -> Any:
    return _NUMBERS.sub("[number]", value)[:_LONG] if isinstance(value, str) else value


class _ForeignHandler(logging.Handler):
    """Other libraries may speak through the same gate, but only their name and the kind of event."""

    def __init__(self, logger: Any) -> None:
        super().__init__(logging.WARNING)
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        self._logger.warning("library", kind=record.name, level=record.levelname.lower(), error=error)


def configure(stream: TextIO = sys.stderr) -> None:
    """Called once by each process of the hub, before anything speaks."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _allowed_only,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers[:] = [_ForeignHandler(structlog.get_logger())]
    root.setLevel(logging.WARNING)
