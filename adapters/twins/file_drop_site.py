"""What the file drop twins share: an SFTP server on loopback with a folder of its own, which they drop their
files into.

`POST /twin/drops {"day": "2026-11-25"}` drops the file of that day now (today's without a day); `GET /twin/drops` lists
what lies there and tells the public host key. Reports that come back are records. Toxics spoil the file when it is
dropped (garbage, charset, truncate_at, duplicate) or the connection (latency_ms, hang, down, accept_then_drop,
accept_then_lose).

Q41  an identity number is a number of the spreadsheet
Q42  how dates are written: "text", "real" or "serial"
Q44  a name with a character outside GBK
Q45  a name that is a formula to a spreadsheet
Q47  how the next file comes: "half" (the rest with the drop after it), "empty", "late" (not at all), "again" (same
     name, other amounts)
Q48  titles, blank rows, trailing blanks and wide digits
Q49  names of files are GBK on the disk; false: UTF-8
Q50  another host key than the one it was set up with
Q51  "no_rename": renaming is refused; "cut": the connection is cut within an upload
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import tempfile
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import asyncssh

from adapters.twins.twin import Answer, Request, Twin, as_json

CHINA = timezone(timedelta(hours=8))
QUIRKS = {
    "Q41": False, "Q42": "text", "Q44": False, "Q45": False, "Q47": False, "Q48": False, "Q49": True, "Q50": False,
    "Q51": False,
}  # fmt: skip
REPORTS = "回执"


class FileDropSite(Twin):
    """A twin of its own makes the bytes (`file`) and says where they are dropped (`place`)."""

    scheme = "sftp"
    place = ""

    def __init__(self, system: str, secrets: Path, seed: int, charset: str) -> None:
        super().__init__(system, "file_drop", seed, charset, QUIRKS, system)
        self._secrets = secrets
        self.folder = tempfile.TemporaryDirectory(prefix=f"{system}-")
        self._keys = [asyncssh.generate_private_key("ssh-ed25519") for _ in range(2)]
        self._rest: tuple[str, bytes] | None = None
        self._path(self.place).mkdir(exist_ok=True)
        (secrets / f"{system}_host_keys").write_text(self.host_key, encoding="ascii")

    @property
    def host_key(self) -> str:
        return str(self._keys[0].export_public_key().decode("ascii")).strip()

    def file(self, day: date, again: bool) -> tuple[str, bytes, int]:
        """Name, content and number of rows of the file of a day."""
        raise NotImplementedError

    def admin(self, request: Request) -> Answer | None:
        if request.path != "/twin/drops":
            return None
        if request.method == "POST":
            wanted = json.loads(request.body or b"{}").get("day")
            self.drop(date.fromisoformat(wanted) if wanted else datetime.now(CHINA).date())
        return as_json({"files": self.lying(), "host_key": self.host_key})

    def forget(self) -> None:
        self._rest = None
        for path in sorted(Path(self.folder.name).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        self._path(self.place).mkdir(exist_ok=True)

    def drop(self, day: date) -> None:
        how = self.quirk("Q47")
        if how == "late":
            return
        if self._rest:
            (name, body), self._rest = self._rest, None
        else:
            name, body, count = self.file(day, how == "again")
            body = self.spoiled(Answer(body)).body
            if self.toxics.truncate_at:
                body = body[: self.toxics.truncate_at.at]
            if how == "half":
                self._rest = (name, body)
                body = body[: len(body) // 2]
            self.records.add({"dropped": name, "rows": count})
        self._write(name, b"" if how == "empty" else body)

    def lying(self) -> list[str]:
        """The names that lie in the drop folder."""
        folder = self._path(self.place)
        return sorted(self.text(os.fsencode(entry.name)) for entry in os.scandir(folder)) if folder.exists() else []

    def account(self, name: str) -> str:
        path = self._secrets / f"{self.system}_{name}"
        return path.read_text(encoding="utf-8").strip() if path.exists() else ""

    def converse(self, guest: socket.socket) -> None:
        self.counted()
        if self.lucky(self.toxics.hang):
            self.healed.wait()
            return
        asyncio.run(self._served(guest))

    async def _served(self, guest: socket.socket) -> None:
        await asyncio.sleep(self.toxics.latency_ms / 1000)
        try:
            connection = await asyncssh.run_server(
                guest, config=None, server_factory=lambda: _Door(self), sftp_factory=lambda chan: _Files(chan, self),
                server_host_keys=[self._keys[1 if self.quirk("Q50") else 0]],
            )  # fmt: skip
            await connection.wait_closed()
        except (asyncssh.Error, OSError):
            return  # the guest left, or was not let in

    def _write(self, name: str, body: bytes) -> None:
        self._path(self.place).mkdir(exist_ok=True)  # under another Q49 its name is another
        self._path(self.place, name).write_bytes(body)

    def _path(self, *names: str) -> Path:
        encoding = "gb18030" if self.quirk("Q49") else "utf-8"
        return Path(os.fsdecode(b"/".join([os.fsencode(self.folder.name), *(name.encode(encoding) for name in names)])))

    def text(self, name: bytes) -> str:
        return name.decode("gb18030" if self.quirk("Q49") else "utf-8")


class _Door(asyncssh.SSHServer):
    """Lets the one account in."""

    def __init__(self, site: FileDropSite) -> None:
        self._site = site

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        wanted = self._site.account("username"), self._site.account("password")
        return all(wanted) and (username, password) == wanted


class _Files(asyncssh.SFTPServer):
    """The twin's folder and nothing above it."""

    def __init__(self, chan: Any, site: FileDropSite) -> None:
        self._site, self._connection = site, chan.get_connection()
        super().__init__(chan, chroot=os.fsencode(site.folder.name))

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        if self._site.quirk("Q51") == "cut":
            self._connection.abort()
        written: int = super().write(file_obj, offset, data)  # type: ignore[assignment]
        return written

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._allowed()
        self._kept(newpath)
        super().rename(oldpath, newpath)
        self._after(newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        self._allowed()
        self._kept(newpath)
        super().posix_rename(oldpath, newpath)
        self._after(newpath)

    def _allowed(self) -> None:
        if self._site.quirk("Q51") == "no_rename":
            raise asyncssh.SFTPPermissionDenied("renaming is not allowed here")

    def _kept(self, path: bytes) -> None:
        if REPORTS.encode("gb18030") in path or REPORTS.encode() in path:
            self._site.records.add({"report": self._site.text(path.rpartition(b"/")[2])})

    def _after(self, path: bytes) -> None:
        place = Path(os.fsdecode(self.map_path(path)))
        if self._site.lucky(self._site.toxics.accept_then_lose) and place.is_file():
            place.unlink()
        if self._site.lucky(self._site.toxics.accept_then_drop):
            self._connection.abort()
