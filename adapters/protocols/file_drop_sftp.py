"""An SFTP server as the place where files are dropped. Each job is a connection and an event loop of its own, in a
thread of its own; the caller is let go at the deadline.

The server's host keys stand in the configuration. There is no way to accept any other.
"""

from __future__ import annotations

import asyncio
import stat
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

import asyncssh

from adapters.protocols.facts import unusable
from adapters.protocols.file_drop_place import TEMPORARY, Listing, Seen, decoded
from adapters.protocols.target import Target, resolve
from hub.port import Denied, PortError, Setting, Unavailable

T = TypeVar("T")
_PORT = 22
_DONE = ".done"


@dataclass(frozen=True, slots=True)
class Account:
    """How we show who we are, and how the server does."""

    username: str
    password: str | None
    keys: Sequence[Any]
    host_keys: Sequence[Any]


class Sftp:
    """sftp://host:port/path with the secrets username and password or private_key, and the option host_keys."""

    def __init__(self, setting: Setting, below: str, encoding: str) -> None:
        parts = urlsplit(setting.address)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        try:
            self._target: Target = resolve(f"http://{host}:{parts.port or _PORT}", setting.allow_private)
        except ValueError:
            raise unusable("the system's address has no valid port") from None
        self._account = account(setting)
        self._encoding = "gb18030" if encoding in ("gbk", "gb2312") else encoding
        self._declared = encoding
        root = unquote(parts.path, errors="strict").strip("/")
        if ".." in root.split("/") or "\0" in root:
            raise unusable("the path of the address leaves the account's folder")
        # below the account's own folder, unless the path has two slashes in front
        start = "/" if parts.path.startswith("//") else ""
        self._root = start + "/".join(part for part in (root, below) if part)

    def list(self, folder: str, deadline: float) -> Listing:
        async def job(sftp: asyncssh.SFTPClient) -> Listing:
            try:
                found = {_raw(each.filename): each.attrs for each in await sftp.readdir(self._path(folder) or b".")}
            except asyncssh.SFTPNoSuchFile:
                if folder:
                    return Listing(())
                raise
            return self._listing(found)

        return self._run(job, deadline)

    def fetch(self, seen: Seen, deadline: float) -> bytes | None:
        async def job(sftp: asyncssh.SFTPClient) -> bytes | None:
            path = self._path(seen.name)
            try:
                async with sftp.open(path, "rb") as file:
                    data = _raw(await file.read(seen.size + 1))
                told = await sftp.lstat(path)
            except asyncssh.SFTPNoSuchFile:
                return None
            same = (told.size, float(told.mtime or 0)) == (seen.size, seen.changed)
            return data if same and len(data) == seen.size else None

        return self._run(job, deadline)

    def move(self, name: str, folder: str, to: str, deadline: float) -> None:
        async def job(sftp: asyncssh.SFTPClient) -> None:
            await self._made(sftp, folder)
            await _renamed(sftp, self._path(name), self._path(folder, to))

        self._run(job, deadline)

    def put(self, folder: str, name: str, data: bytes, deadline: float) -> None:
        async def job(sftp: asyncssh.SFTPClient) -> None:
            await self._made(sftp, folder)
            part, final = self._path(folder, f".{name}{TEMPORARY}"), self._path(folder, name)
            await _written(sftp, part, data)
            try:
                await _renamed(sftp, part, final)
            except asyncssh.SFTPError:  # renaming is not allowed here: a companion says that it is whole
                with suppress(asyncssh.SFTPError):
                    await sftp.remove(part)
                await _written(sftp, final, data)
                await _written(sftp, self._path(folder, name + _DONE), b"")

        self._run(job, deadline)

    def _path(self, *names: str) -> bytes:
        return "/".join(part for part in (self._root, *names) if part).encode(self._encoding)

    async def _made(self, sftp: asyncssh.SFTPClient, folder: str) -> None:
        with suppress(asyncssh.SFTPError):  # it is there already, or the next step says what is wrong
            await sftp.mkdir(self._path(folder))

    def _listing(self, found: dict[bytes, Any]) -> Listing:
        files, strange = [], 0
        for raw, name in decoded(list(found), self._declared):
            told = found[raw]
            if name is None:
                strange += not raw.startswith(b".")
            elif told.permissions is not None and stat.S_ISREG(told.permissions) and told.size is not None:
                files.append(Seen(name, told.size, float(told.mtime or 0)))
        return Listing(tuple(files), strange)

    def _run(self, job: Callable[[asyncssh.SFTPClient], Awaitable[T]], deadline: float) -> T:
        """The job's result. Raises Denied or Unavailable; the thread ends by itself at the deadline."""
        result: list[T] = []
        failed: list[PortError] = []

        def work() -> None:
            try:
                result.append(asyncio.run(self._connected(job, deadline)))
            except PortError as error:
                failed.append(error)

        thread = threading.Thread(target=work, daemon=True, name="sftp")
        thread.start()
        thread.join(max(0.0, deadline - time.monotonic()) + 0.2)
        if failed:
            raise failed[0]
        if not result:
            raise Unavailable("no answer until the deadline")
        return result[0]

    async def _connected(self, job: Callable[[asyncssh.SFTPClient], Awaitable[T]], deadline: float) -> T:
        try:
            async with asyncio.timeout(max(0.0, deadline - time.monotonic())), self._client() as sftp:
                return await job(sftp)
        except asyncssh.HostKeyNotVerifiable as error:
            raise Denied("the server shows another host key than the configuration names") from error
        except (asyncssh.PermissionDenied, asyncssh.SFTPPermissionDenied) as error:
            raise Denied(f"the server refuses us: {type(error).__name__}") from error
        except TimeoutError as error:
            raise Unavailable("no answer until the deadline") from error
        except (asyncssh.Error, OSError, ValueError) as error:
            raise Unavailable(f"the connection failed: {type(error).__name__}") from error

    @asynccontextmanager
    async def _client(self) -> AsyncIterator[asyncssh.SFTPClient]:
        """`config`, the agent and the key files of this machine's account are not ours to use."""
        account = self._account
        async with (
            asyncssh.connect(
                self._target.address, self._target.port, config=None, agent_path=None, gss_host=None,
                known_hosts=(account.host_keys, [], []), username=account.username, password=account.password,
                client_keys=account.keys or None, preferred_auth=["publickey", "password"],
            ) as connection,
            connection.start_sftp_client(path_encoding=self._encoding) as sftp,
        ):  # fmt: skip
            yield sftp


def _raw(name: bytes | str) -> bytes:
    """asyncssh gives bytes back to who asks in bytes."""
    assert isinstance(name, bytes)
    return name


async def _written(sftp: asyncssh.SFTPClient, path: bytes, data: bytes) -> None:
    async with sftp.open(path, "wb") as file:
        await file.write(data)


async def _renamed(sftp: asyncssh.SFTPClient, part: bytes, final: bytes) -> None:
    try:
        await sftp.posix_rename(part, final)  # replaces what has that name
    except asyncssh.SFTPOpUnsupported:
        await sftp.rename(part, final)


def account(setting: Setting) -> Account:
    """Raises CONFIG_INVALID where something is missing or is no key."""
    secrets = setting.secrets
    keys = setting.options.get("host_keys") or secrets.get("host_keys", "").split("\n")
    if not isinstance(keys, list) or not any(keys):
        raise unusable("options.host_keys, or a file named by the secret host_keys, must list the server's public keys")
    if not secrets.get("username") or not (secrets.get("password") or secrets.get("private_key")):
        raise unusable("needs the secrets username and password or private_key")
    try:
        host_keys = [asyncssh.import_public_key(str(key)) for key in keys if str(key).strip()]
        own = [asyncssh.import_private_key(secrets["private_key"])] if secrets.get("private_key") else []
    except (asyncssh.KeyImportError, ValueError):
        raise unusable("a host key or the private key is no OpenSSH key") from None
    return Account(secrets["username"], secrets.get("password") or None, own, host_keys)
