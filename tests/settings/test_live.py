"""A change is in force by itself; a broken file never is (feat_M1, feat_X16, fault_F29, row_T24, row_T27)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.clock import Clock
from hub.settings import Secrets, Settings, Unusable
from hub.settings.checks import Finding
from tests.settings.conftest import CHECKS, ENVIRON

MUSEUM = Path(__file__).with_name("museum")
BALANCE = "services/balance.yaml"


def becomes(true: Callable[[], bool], seconds: float = 20) -> bool:
    """In force within a second; the rest is for a busy machine."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if true():
            return True
        time.sleep(0.02)
    return true()


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def settings(opened: Callable[[], Settings]) -> object:
    settings = opened()
    settings.watch()
    yield settings
    settings.stop()


def test_feat_M1_a_switch_in_the_file_is_in_force_within_a_second(settings: Settings, folder: Path) -> None:
    before = settings.now
    heard: list[str] = []
    settings.on_change(lambda snapshot: heard.append(snapshot.version))
    replace_in(folder / BALANCE, "switch: {enabled: true,", "switch: {enabled: false,")
    assert becomes(lambda: not settings.now.services["balance"].switch.enabled)
    assert before.services["balance"].switch.enabled, "a snapshot in somebody's hand never changes"
    assert settings.now.version != before.version
    assert becomes(lambda: heard == [settings.now.version])
    assert settings.problem is None


def test_feat_X16_a_broken_file_is_named_and_the_last_good_one_stays_until_it_is_mended(
    settings: Settings, folder: Path
) -> None:
    good, text = settings.now, (folder / BALANCE).read_text(encoding="utf-8")
    (folder / BALANCE).write_text(text.replace("level: 2", "levle: 2"), encoding="utf-8")
    assert becomes(lambda: settings.problem is not None)
    assert "services/balance.yaml:7:1: levle: unknown key" in str(settings.problem)
    assert settings.now is good
    (folder / BALANCE).write_text(text, encoding="utf-8")
    assert becomes(lambda: settings.problem is None)


def test_other_files_do_not_take_effect_while_one_is_broken(settings: Settings, folder: Path) -> None:
    """The folder is in force as a whole or not at all."""
    replace_in(folder / BALANCE, "level: 2", "levle: 2")
    replace_in(folder / "services/account.yaml", "percent: 10", "percent: 90")
    assert becomes(lambda: settings.problem is not None)
    time.sleep(0.6)
    assert settings.now.services["account"].switch.rollout.percent == 10


def test_fault_F29_every_exhibit_of_the_museum_under_readers(settings: Settings, folder: Path) -> None:
    """Readers look all the time; none ever sees anything but a whole, valid configuration."""
    seen: set[str] = set()
    failures: list[object] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            now = settings.now
            try:
                seen.add(now.version)
                assert now.services["records"].parts == ("balance", "account")
                assert {"medical_insurance", "housing_fund"} == set(now.systems)
            except Exception as error:
                failures.append(error)
            time.sleep(0.001)

    readers = [threading.Thread(target=read) for _ in range(4)]
    for reader in readers:
        reader.start()
    good = {path: path.read_bytes() for path in folder.rglob("*.yaml")}
    for exhibit in sorted(MUSEUM.iterdir()):
        for path in exhibit.rglob("*.y*ml"):
            (folder / path.relative_to(exhibit)).write_bytes(path.read_bytes())
        settings.reload()
        assert settings.problem is not None, exhibit.name
        for path in folder.rglob("*.y*ml"):
            path.write_bytes(good[path]) if path in good else path.unlink()
        settings.reload()
        assert settings.problem is None, exhibit.name
    stop.set()
    for reader in readers:
        reader.join(60)
    assert not failures and len(seen) == 1


def test_a_file_being_written_is_left_alone_until_it_stands_still(settings: Settings, folder: Path) -> None:
    """An editor that writes slowly leaves files that are valid YAML and yet only half of what is meant."""
    text = (folder / "systems.yaml").read_text(encoding="utf-8")
    half = text[: text.index("housing_fund:")]
    end, paused = time.monotonic() + 1.2, 0.0
    while (began := time.monotonic()) < end:
        (folder / "systems.yaml").write_text(half + f"# {began}\n", encoding="utf-8")
        assert settings.problem is None or paused > 0.2, "an editor that stops for as long has finished"
        time.sleep(0.05)
        paused = max(paused, time.monotonic() - began)
    (folder / "systems.yaml").write_text(text, encoding="utf-8")
    assert becomes(lambda: settings.problem is None)


def test_threat_T27_a_secret_that_changes_is_in_force_without_a_restart(settings: Settings, home: Path) -> None:
    (home / "secrets/medical_password").write_text("rotated\n", encoding="utf-8")
    assert becomes(lambda: settings.now.systems["medical_insurance"].secrets["password"] == "rotated")


def test_a_system_whose_secret_is_missing_stays_away_and_comes_back(opened: Callable[[], Settings], home: Path) -> None:
    (home / "secrets/medical_password").unlink()
    settings = opened()
    settings.watch()
    try:
        assert set(settings.now.systems) == {"housing_fund"}
        assert settings.problem is None
        why = settings.now.not_started["medical_insurance"]
        assert why.startswith("systems.yaml:5:15: medical_insurance.secrets.password: file/secrets/medical_password")
        assert [complaint.broken for complaint in settings.check()] == [False]
        (home / "secrets/medical_password").write_text("here", encoding="utf-8")
        assert becomes(lambda: "medical_insurance" in settings.now.systems)
        assert not settings.now.not_started
    finally:
        settings.stop()


def test_an_address_that_is_not_one_keeps_only_its_system_away(folder: Path, home: Path) -> None:
    replace_in(folder / "systems.yaml", "http://127.0.0.1:8102/api", "env/FUND_ADDRESS")
    secrets = Secrets({**ENVIRON, "FUND_ADDRESS": "http://user:hunter2@x/"}, home)
    settings = Settings(folder, secrets, Clock(), CHECKS)
    assert set(settings.now.systems) == {"medical_insurance"}
    assert "must not stand in a URL" in settings.now.not_started["housing_fund"]
    assert "hunter2" not in settings.now.not_started["housing_fund"]


@pytest.mark.parametrize(
    "address", ["tcp://10.1.2.3:9000", "tcps://core.example:9000", "sftp://10.1.2.3:22/drop", "file:///srv/落地/民政"]
)
def test_every_way_a_protocol_is_reached_may_stand_as_an_address(folder: Path, home: Path, address: str) -> None:
    replace_in(folder / "systems.yaml", "http://127.0.0.1:8102/api", address)
    settings = Settings(folder, Secrets(ENVIRON, home), Clock(), CHECKS)
    assert settings.now.systems["housing_fund"].address == address


@pytest.mark.parametrize(
    "address", ["file://host/share", "tcp://user:word@10.1.2.3:9000", "sftp:///drop", "file:///a?b"]
)
def test_an_address_in_no_such_way_keeps_its_system_away(folder: Path, home: Path, address: str) -> None:
    replace_in(folder / "systems.yaml", "http://127.0.0.1:8102/api", f'"{address}"')
    settings = Settings(folder, Secrets(ENVIRON, home), Clock(), CHECKS)
    assert set(settings.now.systems) == {"medical_insurance"}


def test_a_listener_that_fails_harms_no_other(settings: Settings, folder: Path) -> None:
    heard: list[str] = []
    settings.on_change(lambda _: 1 / 0)
    settings.on_change(lambda snapshot: heard.append(snapshot.version))
    replace_in(folder / "themes.yaml", "医疗卫生", "医疗")
    assert becomes(lambda: bool(heard))


def test_the_whole_folder_away_for_a_while(settings: Settings, folder: Path) -> None:
    good = settings.now
    away = folder.with_name("away")
    folder.rename(away)
    assert becomes(lambda: settings.problem is not None)
    assert settings.now is good
    away.rename(folder)
    assert becomes(lambda: settings.problem is None)


def test_without_a_hub_file_there_is_no_start(opened: Callable[[], Settings], folder: Path) -> None:
    (folder / "hub.yaml").unlink()
    with pytest.raises(Unusable, match=r"hub\.yaml:1:1: is missing"):
        opened()


def test_without_a_folder_there_is_no_start(home: Path) -> None:
    with pytest.raises(Unusable, match=r"nowhere:1:1: cannot be read"):
        Settings(home / "nowhere", Secrets(ENVIRON, home), Clock())


@pytest.mark.parametrize("in_place", [False, True])
def test_a_file_of_the_same_size_and_time_is_another_one(settings: Settings, folder: Path, in_place: bool) -> None:
    """As a copy that keeps times leaves it, or an archive that is unpacked over the folder."""
    file = folder / "services/account.yaml"
    status, other = file.stat(), file.with_name("other")
    changed = file if in_place else other
    changed.write_text(file.read_text(encoding="utf-8").replace("percent: 10", "percent: 20"), encoding="utf-8")
    os.utime(changed, ns=(status.st_atime_ns, status.st_mtime_ns))
    changed.replace(file)
    assert becomes(lambda: settings.now.services["account"].switch.rollout.percent == 20)


def test_a_check_that_breaks_does_not_end_the_watch(folder: Path, home: Path) -> None:
    broken = threading.Event()

    def check(_: object) -> list[Finding]:
        if broken.is_set():
            raise KeyError("a fault in a check")
        return []

    settings = Settings(folder, Secrets(ENVIRON, home), Clock(), (check,))
    settings.watch()
    good = settings.now
    broken.set()
    replace_in(folder / "themes.yaml", "医疗卫生", "医疗")
    assert becomes(lambda: settings.problem == "config: cannot be read (KeyError)") and settings.now is good
    broken.clear()
    assert becomes(lambda: settings.problem is None and settings.now is not good)
    settings.stop()


def test_no_secret_shows_in_a_printed_snapshot(opened: Callable[[], Settings]) -> None:
    shown = repr(opened().now)
    assert "not-to-be-seen" not in shown and ENVIRON["SEAL_KEY"] not in shown and ENVIRON["TOKEN_KEY"] not in shown
