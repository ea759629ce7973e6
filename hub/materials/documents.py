"""PDFs: looked into by a process of its own (pdf_check), which has no secret, little memory and little time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from hub.errors import Problem
from hub.materials.refusals import refused
from hub.materials.rules import LARGEST_DECODED, SMALL_DECODED, STEEPEST, Made

_CHECK = Path(__file__).with_name("pdf_check.py")
_PATIENCE_S = 30


def checked(raw: bytes, most_pages: int) -> Made:
    """The PDF as it is to be kept. Raises FILE_BROKEN, FILE_UNSAFE, FILE_TOO_LARGE."""
    if not raw.startswith(b"%PDF-"):
        raise refused("broken")
    bounds = (most_pages, LARGEST_DECODED, SMALL_DECODED, STEEPEST)
    command = [sys.executable, "-I", str(_CHECK), *map(str, bounds)]
    try:
        done = subprocess.run(command, input=raw, capture_output=True, timeout=_PATIENCE_S, env={}, check=False)
    except subprocess.TimeoutExpired:
        raise refused("bomb") from None
    except OSError as error:
        raise Problem("OVERLOADED", origin="hub", retry_after=5, note="no process for a PDF") from error
    head, _, body = done.stdout.partition(b"\n")
    if done.returncode != 0 or not head:  # ended by its limits
        raise refused("bomb")
    told = json.loads(head)
    if "reason" in told:
        raise refused(told["reason"])
    return Made("application/pdf", body, told["pages"])
