"""A witness: sees one log's checkpoints, cosigns each that continues the last, and never one that does not.

It runs elsewhere, with a folder of its own: `key` (its secret) and `seen` (the last checkpoint). It needs no database
and trusts the log for nothing but its signature (C2SP tlog-witness). An operator with two histories is refused here.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import http.server
import os
import secrets
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from hub.ledger import note as notes
from hub.ledger.note import Checkpoint, Key
from hub.ledger.receipts import Signer
from hub.ledger.tree import EMPTY, is_consistent

_MOST_PATH, _MOST_BODY = 63, 64 << 10


class Answer(Exception):
    """What is answered where it does not cosign: status and text."""

    def __init__(self, status: int, text: str = "") -> None:
        super().__init__(f"{status} {text}")
        self.status, self.text = status, text


class Witness:
    """One log's. `log` is the log's public key."""

    def __init__(self, folder: Path, name: str, log: Sequence[Key]) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder, self._name, self._log = folder, name, log
        self._signer = Signer(name, secret_of(folder))

    @property
    def key(self) -> Key:
        return notes.witness_key(self._name, self._signer.public)

    def add(self, body: str) -> str:
        """The line to put under the note. Raises Answer."""
        old, path, note = _read(body)
        try:
            made, known = Checkpoint.read(note), notes.signers(note, self._log)
        except ValueError as error:
            raise Answer(400, str(error)) from error
        if made.origin not in {key.name for key in self._log}:
            raise Answer(404, "another log")
        if made.origin not in known:
            raise Answer(403, "not signed by the log")
        if old > made.size:
            raise Answer(400, "it has grown smaller")
        with self._alone():
            self._continue(old, path, made, note)
        return notes.cosigned(made.text(), self._name, self._signer, int(time.time()))

    def seen(self) -> Checkpoint | None:
        """The last it cosigned."""
        with suppress(FileNotFoundError):
            return Checkpoint.read((self._folder / "seen").read_text(encoding="utf-8"))
        return None

    def _continue(self, old: int, path: Sequence[bytes], made: Checkpoint, note: str) -> None:
        last = self.seen() or Checkpoint(made.origin, 0, EMPTY)
        if old != last.size:
            raise Answer(409, f"{last.size}\n")
        if made.size == last.size and made.root != last.root:
            raise Answer(409, f"{last.size}\n")
        if not is_consistent(old, made.size, last.root, made.root, path):
            raise Answer(422, "what was seen before is no longer in it")
        _write(self._folder / "seen", note)

    def _alone(self) -> _Locked:
        return _Locked(self._folder / "lock")


class _Locked:
    """Two requests, or two processes of one folder, must not cosign two histories between them."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def __exit__(self, *_: object) -> None:
        os.close(self._file)


def secret_of(folder: Path) -> bytes:
    """Made at random on first use."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "key"
    if not path.exists():
        _write(path, secrets.token_hex(32))
    return path.read_text(encoding="ascii").encode()


def key_of(folder: Path, name: str) -> Key:
    """The public key by which its cosignatures are known."""
    return notes.witness_key(name, Signer(name, secret_of(folder)).public)


def serving(witness: Witness, host: str, port: int) -> http.server.ThreadingHTTPServer:
    """A server that is not yet running; port 0 takes any."""

    class Door(http.server.BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            try:
                length = int(self.headers.get("Content-Length") or 0)
                if self.path != "/add-checkpoint":
                    raise Answer(404)
                if not 0 < length <= _MOST_BODY:
                    raise Answer(400)
                self._answer(200, witness.add(self.rfile.read(length).decode("utf-8", "strict")))
            except Answer as answer:
                self._answer(answer.status, answer.text)
            except (UnicodeDecodeError, ValueError):
                self._answer(400, "")

        def do_GET(self) -> None:
            """Its key, for whoever sets up a hub."""
            self._answer(200 if self.path == "/key" else 404, f"{witness.key}\n" if self.path == "/key" else "")

        def _answer(self, status: int, text: str) -> None:
            raw = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/x.tlog.size" if status == 409 else "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *_: object) -> None:
            """Silent: what matters is in the folder."""

    return http.server.ThreadingHTTPServer((host, port), Door)


def _read(body: str) -> tuple[int, list[bytes], str]:
    head, found, note = body.partition("\n\n")
    first, *rest = head.split("\n")
    word, _, number = first.partition(" ")
    digits = number.isascii() and number.isdigit() and len(number) < 19
    if not found or word != "old" or not digits or len(rest) > _MOST_PATH:
        raise Answer(400, "this is no request")
    try:
        path = [base64.b64decode(line, validate=True) for line in rest]
    except (binascii.Error, ValueError):
        raise Answer(400, "this is no proof") from None
    if any(len(each) != 32 for each in path):
        raise Answer(400, "this is no proof")
    return int(number), path, note


def _write(path: Path, text: str) -> None:
    """Wholly or not at all, and on the disk."""
    new = path.with_suffix(".new")
    new.touch(0o600)
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
