"""Signed notes, checkpoints and cosignatures as C2SP writes them (signed-note, tlog-checkpoint, tlog-cosignature)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from hub.ledger.receipts import Signer, is_signed

_LOG, _WITNESS = 1, 4  # kinds of Ed25519 keys: of who writes, of who cosigns
_LINE = re.compile(r"— (\S+) ([A-Za-z0-9+/=]+)")
_MARK = "— "


@dataclass(frozen=True, slots=True)
class Key:
    """A public key as others are told it: `name+id+key` (a "vkey")."""

    name: str
    kind: int
    public: bytes

    @property
    def id(self) -> bytes:
        named = self.name.encode() + b"\n" + bytes([self.kind]) + self.public
        return hashlib.sha256(named).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    @classmethod
    def read(cls, text: str) -> Key:
        """Raises ValueError."""
        match = re.fullmatch(r"(\S+?)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)", text.strip())
        if match is None:
            raise ValueError("this is no public key")
        raw = base64.b64decode(match[3], validate=True)
        key = cls(match[1], raw[0], raw[1:])
        if key.id.hex() != match[2] or len(key.public) != 32:
            raise ValueError("the id of the key is not that of the key")
        return key


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: how many leaves, under which root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    @classmethod
    def read(cls, text: str) -> Checkpoint:
        """Of a note or its text. Raises ValueError."""
        lines = text.split("\n")
        if len(lines) < 4 or not re.fullmatch(r"0|[1-9][0-9]{0,17}", lines[1]):
            raise ValueError("this is no checkpoint")
        try:
            root = base64.b64decode(lines[2], validate=True)
        except binascii.Error:
            raise ValueError("this is no checkpoint") from None
        return cls(lines[0], int(lines[1]), root)


def log_key(name: str, public: bytes) -> Key:
    return Key(name, _LOG, public)


def witness_key(name: str, public: bytes) -> Key:
    return Key(name, _WITNESS, public)


def signed(text: str, name: str, signer: Signer) -> str:
    """`text` as a note that the key of this name signed."""
    key = log_key(name, signer.public)
    return f"{text}\n{_line(name, key.id + signer.sign(text.encode()))}"


def cosigned(text: str, name: str, signer: Signer, seconds: int) -> str:
    """The line by which a witness says that it saw this checkpoint at that time, and no other of its size."""
    key = witness_key(name, signer.public)
    stamp = seconds.to_bytes(8, "big")
    return _line(name, key.id + stamp + signer.sign(_seen(text, seconds)))


def text_of(note: str) -> str:
    """What is signed. Raises ValueError."""
    text, found, _ = note.rpartition("\n\n")
    if not found:
        raise ValueError("this is no signed note")
    return text + "\n"


def lines_of(note: str) -> list[str]:
    return [line for line in note.rpartition("\n\n")[2].split("\n") if line]


def signers(note: str, keys: Iterable[Key]) -> set[str]:
    """The names of those of these keys that signed or cosigned it. Raises ValueError where it is no note."""
    text, known = text_of(note), list(keys)
    return {key.name for line in lines_of(note) for key in known if _is_by(line, key, text)}


def _is_by(line: str, key: Key, text: str) -> bool:
    match = _LINE.fullmatch(line)
    if match is None or match[1] != key.name:
        return False
    try:
        raw = base64.b64decode(match[2], validate=True)
    except binascii.Error:
        return False
    if raw[:4] != key.id:
        return False
    if key.kind == _LOG:
        return is_signed(text.encode(), raw[4:], key.public)
    return is_signed(_seen(text, int.from_bytes(raw[4:12], "big")), raw[12:], key.public)


def _seen(text: str, seconds: int) -> bytes:
    return f"cosignature/v1\ntime {seconds}\n{text}".encode()


def _line(name: str, raw: bytes) -> str:
    return f"{_MARK}{name} {base64.b64encode(raw).decode()}\n"
