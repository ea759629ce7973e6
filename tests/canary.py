"""A person whose values are known, and every way in which they might be written down somewhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg
import redis
from sqlalchemy import make_url

_SHORTEST = 6


@dataclass(frozen=True)
class Canary:
    """`values` by name: what must not be found."""

    values: Mapping[str, str]

    @cached_property
    def _needles(self) -> list[tuple[str, bytes]]:
        return [(name, needle) for name, value in self.values.items() for needle in sorted(_spellings(value))]

    def found(self, where: str, data: bytes) -> list[str]:
        """Which values are in there, and how they are written."""
        return [f"{name} in {where} as {needle!r}" for name, needle in self._needles if needle in data]


def _spellings(value: str) -> set[bytes]:
    """Plain, in JSON, in a URL, in hexadecimal and in Base64 at any offset; in UTF-8, GBK and UTF-16."""
    found = {json.dumps(value)[1:-1].encode()}
    for raw in (value.encode(), value.encode("gb18030"), value.encode("utf-16-le")):
        found |= {raw, raw.hex().encode(), raw.hex().upper().encode(), *_base64(raw)}
        percent = "".join(f"%{byte:02X}" for byte in raw)
        found |= {quote(raw, safe="").encode(), quote(raw).encode(), percent.encode(), percent.lower().encode()}
    return {each for each in found if len(each) >= _SHORTEST}


def _base64(raw: bytes) -> Iterator[bytes]:
    """Only the signs that do not depend on what stands before and behind."""
    for before in range(3):
        whole = base64.b64encode(bytes(before) + raw)
        first = -(-before * 8 // 6)
        last = (before + len(raw)) * 8 // 6
        yield whole[first:last]
        yield whole[first:last].replace(b"+", b"-").replace(b"/", b"_")


def tables(url: str) -> Iterator[tuple[str, bytes]]:
    """Every table of the database, its rows as bytes: texts as they are, binary columns raw."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        query = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname !~ '^(pg_|information_)'"
        for (name,) in connection.execute(query).fetchall():
            dump = f"COPY (SELECT * FROM {name}) TO STDOUT (FORMAT binary)"  # noqa: S608 - the catalogue's own name
            with connection.cursor() as cursor, cursor.copy(dump) as copy:  # type: ignore[arg-type]
                yield name, b"".join(bytes(piece) for piece in copy)


def memory(url: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every key of Redis, what it holds, and the files it writes."""
    with redis.Redis.from_url(url) as client:
        for key in client.scan_iter(count=1000):
            yield "a key of Redis", bytes(key)
            yield f"Redis {key!r}", client.dump(key) or b""
            if client.type(key) == b"string":
                yield f"Redis {key!r}", client.get(key) or b""
    for path in folder.iterdir():
        yield str(path), path.read_bytes()
