"""The same on a real OpenSSH server: names in GBK, host keys, lines that break."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.protocols.file_drop import Adapter
from adapters.protocols.file_drop_watch import CHINA
from hub.errors import Problem
from hub.port import BadRow, Delivery, Denied, Setting, Unavailable
from tests.protocols.dropping.office import HAN, HERE, LIN, Change, Inbox, at_once, csv_of, facts_of
from tests.protocols.dropping.sshd import Cutter, Sshd, new_key, public, sshd
from tests.protocols.recorded import lonely

TODAY = f"ELDERLY_{datetime.now(CHINA):%Y%m%d}.csv"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("sshd")) as server:
        yield server


@pytest.fixture
def server(running: Sshd, tmp_path: Path) -> Sshd:
    """The same server, another folder."""
    return replace(running, files=tmp_path)


def inside(raw: dict[str, Any]) -> None:
    raw["file_drop"]["ready"] = {"stable_s": 0}


def opened(server: Sshd, inbox: Inbox | None = None, change: Change = at_once, **other: Any) -> Adapter:
    values: dict[str, Any] = {
        "address": server.address,
        "secrets": {"username": server.username, "private_key": server.private_key},
        "options": {"host_keys": [server.host_key]},
        "allow_private": True,
        **other,
    }
    facts = facts_of("elderly", change)
    return Adapter(Setting("elderly", facts=facts, folder=HERE, shared=lonely("elderly"), records=inbox, **values))


def soon(seconds: float = 10) -> float:
    return time.monotonic() + seconds


def gbk(folder: Path, *names: str) -> Path:
    """A path whose names are GBK on the disk."""
    return Path(os.fsdecode(b"/".join([os.fsencode(folder), *(name.encode("gbk") for name in names)])))


def test_quirk_Q49_a_folder_and_files_with_names_in_gbk(server: Sshd) -> None:
    def chinese(raw: dict[str, Any]) -> None:
        inside(raw)
        raw["datasets"]["payments"]["files"] = "津贴_{yyyymmdd}.csv"

    gbk(server.files, "每日发放").mkdir()
    gbk(server.files, "每日发放", "津贴_20261125.csv").write_bytes(csv_of(HAN, ["", *LIN[1:]]))
    (gbk(server.files, "每日发放") / os.fsdecode(b"\xff\xff.csv")).write_bytes(b"x")
    inbox = Inbox()
    adapter = opened(server, inbox, chinese)
    (delivery,) = inbox.take(adapter)
    assert delivery.id == "津贴_20261125.csv" and len(inbox.rows) == 1
    assert "name" in inbox.alarms  # one that is no GBK costs itself alone
    assert gbk(server.files, "每日发放", "已取", "津贴_20261125.csv").exists()
    report = gbk(server.files, "每日发放", "回执", "津贴_20261125.csv.回执.csv")
    assert "REQUIRED" in report.read_bytes().decode("gb18030")
    assert len(list(report.parent.iterdir())) == 1  # no temporary name left
    assert not inbox.take(adapter)


def test_quirk_Q50_another_host_key_is_denied(server: Sshd, tmp_path: Path) -> None:
    other = public(new_key(tmp_path, "other"))
    adapter = opened(server, options={"host_keys": [other]})
    with pytest.raises(Denied, match="another host key"):
        adapter.probe(soon())
    opened(server, options={"host_keys": [other, server.host_key]}).probe(soon())  # while the server's key changes


@pytest.mark.parametrize(
    "options", [{}, {"host_keys": []}, {"host_keys": "any"}, {"host_keys": ["*"]}, {"host_keys": [""]}]
)
def test_quirk_Q50_there_is_no_way_to_accept_any(server: Sshd, options: dict[str, Any]) -> None:
    with pytest.raises(Problem) as caught:
        opened(server, options=options)
    assert caught.value.code == "CONFIG_INVALID"


def test_quirk_Q50_the_machines_own_list_of_hosts_counts_for_nothing(
    server: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".ssh").mkdir()
    known = f"[127.0.0.1]:{server.port} {server.host_key}\n"
    (tmp_path / ".ssh" / "known_hosts").write_text(known, encoding="ascii")
    (tmp_path / ".ssh" / "config").write_text("Host *\n  StrictHostKeyChecking no\n", encoding="ascii")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(Denied):
        opened(server, options={"host_keys": [public(new_key(tmp_path, "other"))]}).probe(soon())


def test_a_key_that_the_server_does_not_know_is_denied(server: Sshd, tmp_path: Path) -> None:
    stranger = new_key(tmp_path, "stranger").read_text(encoding="ascii")
    with pytest.raises(Denied):
        opened(server, secrets={"username": server.username, "private_key": stranger}).probe(soon())


@pytest.mark.parametrize("secrets", [{}, {"username": "u"}, {"username": "u", "private_key": "no key"}])
def test_missing_secrets_are_told_at_the_start(server: Sshd, secrets: dict[str, str]) -> None:
    with pytest.raises(Problem) as caught:
        opened(server, secrets=secrets)
    assert caught.value.code == "CONFIG_INVALID"


@pytest.fixture
def line(server: Sshd) -> Iterator[Cutter]:
    cutter = Cutter(server.port)
    yield cutter
    cutter.close()


def test_quirk_Q51_a_line_that_breaks_within_an_upload_leaves_no_half_report(server: Sshd, line: Cutter) -> None:
    adapter = opened(replace(server, port=line.port))
    delivery = Delivery(TODAY, b"")
    refused = [BadRow(f"{TODAY}//{row}/姓名", "REQUIRED") for row in range(4000)]
    line.most = 60_000
    with pytest.raises(Unavailable):
        adapter.report(delivery, refused)
    report = gbk(server.files, "回执", f"{TODAY}.回执.csv")
    assert line.sent > line.most and not report.exists()
    line.most = None
    adapter.report(delivery, refused)
    assert len(report.read_bytes().decode("gb18030").splitlines()) == 4001
    assert len(list(report.parent.iterdir())) == 1


def test_quirk_Q51_a_report_replaces_the_one_before(server: Sshd) -> None:
    adapter = opened(server)
    for code in ("REQUIRED", "DATE"):
        adapter.report(Delivery(TODAY, b""), [BadRow(f"{TODAY}//2/姓名", code)])
    report = gbk(server.files, "回执", f"{TODAY}.回执.csv")
    text = report.read_bytes().decode("gb18030")
    assert "DATE" in text and "REQUIRED" not in text
    assert [*report.parent.iterdir()] == [report]


def test_fault_F7_a_line_that_breaks_within_a_download_gives_nothing(server: Sshd) -> None:
    (server.files / TODAY).write_bytes(csv_of(*[[*HAN[:4], f"{2000 + n}-10"] for n in range(5000)]))
    backwards = Cutter(server.port, coming_in=True)
    inbox = Inbox()
    adapter = opened(replace(server, port=backwards.port), inbox)
    backwards.most = 60_000
    with pytest.raises(Unavailable):
        inbox.take(adapter)
    assert backwards.sent > backwards.most and not inbox.stored and (server.files / TODAY).exists()
    backwards.most = None
    assert len(inbox.take(adapter)) == 1
    backwards.close()


def test_fault_F1_a_silent_server_ends_at_the_deadline(server: Sshd) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        adapter = opened(replace(server, port=silent.getsockname()[1]))
        began = time.monotonic()
        with pytest.raises(Unavailable):
            adapter.probe(soon(1))
        assert time.monotonic() - began < 10
        for thread in [each for each in threading.enumerate() if each.name == "sftp"]:
            thread.join(60)
            assert not thread.is_alive()  # nobody is left waiting
    with pytest.raises(Unavailable):
        adapter.probe(soon(1))  # and nobody there at all


def test_every_job_ends_its_thread(server: Sshd) -> None:
    adapter = opened(server)
    for _ in range(3):
        adapter.probe(soon())
    assert not [thread for thread in threading.enumerate() if thread.name == "sftp" and thread.is_alive()]


def test_threat_T11_a_server_inside_is_refused_unless_listed(server: Sshd) -> None:
    for address in (server.address, "sftp://169.254.169.254/", "sftp://2130706433/", "sftp://[::ffff:127.0.0.1]/"):
        with pytest.raises(Problem) as caught:
            opened(server, address=address, allow_private=False)
        assert caught.value.code == "CONFIG_INVALID"


def test_row_B87_links_and_folders_are_not_taken(server: Sshd) -> None:
    (server.files / TODAY).symlink_to("/etc/hostname")
    (server.files / TODAY.replace("_", "_2")).mkdir()
    assert not [each for each in opened(server).collect(soon()) if isinstance(each, Delivery)]
    with pytest.raises(Problem):
        opened(server, address=server.address + "/../../etc")


def test_fault_F15_same_name_new_content_over_sftp(server: Sshd) -> None:
    inbox = Inbox()
    adapter = opened(server, inbox)
    for data in (csv_of(HAN), csv_of(LIN), csv_of(LIN)):
        (server.files / TODAY).write_bytes(data)
        inbox.take(adapter)
    assert len(inbox.stored) == 2
    assert len(list(gbk(server.files, "已取").iterdir())) == 2
