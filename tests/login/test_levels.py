"""The way up over HTTP, with the twins of WeChat and of the police's register, in both suites (feat_D1, threat_T5)."""

from __future__ import annotations

import io
import re
import shutil
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from cProfile import Profile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from redis import Redis

from adapters.twins import household_registration, wechat
from adapters.twins.wire import Server
from blueprints import gateway, health, login, me
from blueprints.frame import build
from hub import logs
from hub.commands.keys import reseal_all, standing
from hub.crypto import Crypto
from hub.identity.companies import CompanyRecord
from hub.identity.models import Person
from hub.identity.resealing import SEALED
from hub.identity.service import Identity, Known, Registered
from hub.keys.resealing import Resealing
from hub.main import Hub
from hub.trace import new
from tests.county import ROOT, SUITE
from tests.login.room import admin, copied_config, everything, new_code
from tests.login.test_wechat import _redis_bytes
from tests.phone import eventually

OPENID, OTHER = "oDEMO_S5911bxjHiYxnzgK0RTv8r", "oDEMO_another_phone_0001"
NAME, NUMBER, PHONE = "韩波德", "362623191206116013", "15400000005"
ELSE_NUMBER, NOBODYS = "362623190205121932", "362623190205121772"


@dataclass
class Town:
    """One hub between the two twins."""

    hub: Hub
    wechat: Server
    police: Server
    app: FlaskClient

    def token(self, openid: str = OPENID) -> str:
        answer = self.app.post("/api/v1/sessions", json={"code": new_code(self.wechat, openid)})
        assert answer.status_code == 201, answer.data
        return str(answer.json["access_token"])  # type: ignore[index]

    def ask(self, method: str, path: str, token: str, body: Any = None) -> Any:
        return self.app.open(f"/api/v1{path}", method=method, json=body, headers={"Authorization": f"Bearer {token}"})

    def phone(self, token: str, phone: str = PHONE, **options: Any) -> Any:
        code = admin(self.wechat, "POST", "phone-codes", phone=phone, **options)["code"]
        return self.ask("POST", "/me/phone", token, {"code": code})

    def name(self, token: str, name: str = NAME, number: str = NUMBER) -> Any:
        return self.ask("POST", "/me/real-name", token, {"name": name, "id_number": number})

    def at_level(self, level: int, openid: str = OPENID) -> str:
        token = self.token(openid)
        if level >= 1:
            token = self.phone(token).json["access_token"]
        if level >= 2:
            token = self.name(token).json["access_token"]
        if level >= 3:
            verify_id = self.ask("POST", "/me/face/checks", token).json["verify_id"]
            admin(self.wechat, "POST", "faces", verify_id=verify_id)
            token = self.ask("POST", "/me/face", token, {"verify_id": verify_id}).json["access_token"]
        return token


@pytest.fixture(params=["intl", "sm"])
def suite(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def town(suite: str, tmp_path: Path, hub_home: Path, fresh_database: str, redis: str) -> Iterator[Town]:
    Redis.from_url(redis).flushall()
    config = copied_config(tmp_path / "config")
    text = (ROOT / "config/systems.yaml").read_text(encoding="utf-8")
    blocks = ["household_registration:" + text.split("\nhousehold_registration:")[1].split("\n\n")[0]]
    blocks.append(text[text.index("\nwechat:") :])
    (config / "systems.yaml").write_text("\n".join(blocks), encoding="utf-8")
    shutil.copy(ROOT / "config/services/residence-certificate.yaml", config / "services")
    hub_yaml = (config / "hub.yaml").read_text(encoding="utf-8")
    (config / "hub.yaml").write_text(hub_yaml.replace(f"suite: {SUITE}", f"suite: {suite}"), encoding="utf-8")
    twins = [Server(each.make(hub_home / "secrets", 1)).start() for each in (wechat, household_registration)]
    environ = {
        "HUB_DATABASE_URL": fresh_database,
        "HUB_REDIS_URL": redis,
        "HUB_CONFIG": str(config),
        "WECHAT_ADDRESS": twins[0].address,
        "HOUSEHOLD_REGISTRATION_ADDRESS": twins[1].address,
    }
    hub = Hub.open(hub_home, environ)
    hub.start()
    app = build(hub, [login.make, me.make, gateway.make, health.make]).test_client()
    yield Town(hub, twins[0], twins[1], app)
    hub.close()
    for twin in twins:
        twin.stop()


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, (answer.json or {}).get("code", "")


def test_feat_D1_from_nobody_to_a_proved_face(town: Town) -> None:
    token = town.token()
    assert town.name(token).json["missing"] == ["phone"]
    told = town.phone(token)
    assert (told.status_code, told.json["level"]) == (200, 1)
    refused = town.ask("POST", "/services/residence-certificate/calls", told.json["access_token"], {"fields": {}})
    assert code(refused) == (403, "LEVEL_REQUIRED") and refused.json["missing"] == ["real_name"]
    named = town.name(told.json["access_token"])
    assert (named.status_code, named.json["level"]) == (200, 2)
    token = named.json["access_token"]
    begun = town.ask("POST", "/me/face/checks", token)
    assert begun.status_code == 201
    verify_id = begun.json["verify_id"]
    # W21: the client may say what it likes; the platform says pending
    assert code(town.ask("POST", "/me/face", token, {"verify_id": verify_id})) == (422, "IDENTITY_MISMATCH")
    admin(town.wechat, "POST", "faces", verify_id=verify_id, result=10300)
    assert code(town.ask("POST", "/me/face", token, {"verify_id": verify_id})) == (422, "IDENTITY_MISMATCH")
    admin(town.wechat, "POST", "faces", verify_id=verify_id)
    face = town.ask("POST", "/me/face", token, {"verify_id": verify_id})
    assert (face.status_code, face.json["level"]) == (200, 3)
    assert code(town.ask("POST", "/me/face", token, {"verify_id": verify_id})) == (422, "IDENTITY_MISMATCH")
    profile = town.ask("GET", "/me", token).json
    assert (profile["level"], profile["name"]["value"], profile["phone"]["source"]) == (3, "韩*德", "wechat")


def test_another_citizens_face_check_is_nobodys(town: Town) -> None:
    verify_id = town.ask("POST", "/me/face/checks", town.at_level(2)).json["verify_id"]
    admin(town.wechat, "POST", "faces", verify_id=verify_id)
    other = town.phone(town.token(OTHER), "15400000001").json["access_token"]
    other = town.name(other, "韩山福", ELSE_NUMBER).json["access_token"]
    before = town.wechat.twin.calls
    assert code(town.ask("POST", "/me/face", other, {"verify_id": verify_id})) == (422, "IDENTITY_MISMATCH")
    assert town.wechat.twin.calls == before


@pytest.mark.parametrize("suite", ["intl"])
def test_feat_D6_a_session_bound_to_a_key_stays_bound_on_the_way_up(town: Town) -> None:
    hub = town.hub
    first = hub.login.principal(hub.login.sign_in(new_code(town.wechat, OPENID), new(), "a-thumbprint").access_token)
    phone_code = admin(town.wechat, "POST", "phone-codes", phone=PHONE)["code"]
    phone = hub.login.principal(hub.levels.phone_by_code(first, phone_code, new()).access_token)
    named = hub.login.principal(hub.levels.real_name(phone, NAME, NUMBER, new()).access_token)
    verify_id, _ = hub.levels.begin_face(named, new())
    admin(town.wechat, "POST", "faces", verify_id=verify_id)
    faced = hub.login.principal(hub.levels.face(named, verify_id, new()).access_token)
    levels = [(each.level, each.key_thumbprint) for each in (first, phone, named, faced)]
    assert levels == [(n, "a-thumbprint") for n in range(4)]


def test_W10_a_phone_code_works_once_for_this_app_and_now(town: Town) -> None:
    token = town.token()
    phone_code = admin(town.wechat, "POST", "phone-codes", phone=PHONE)["code"]
    assert town.ask("POST", "/me/phone", token, {"code": phone_code}).status_code == 200
    assert code(town.ask("POST", "/me/phone", token, {"code": phone_code})) == (401, "LOGIN_CODE_USED")
    assert code(town.ask("POST", "/me/phone", token, {"code": "never-given"})) == (401, "LOGIN_CODE_EXPIRED")
    assert code(town.phone(token, appid="wx0000000000000000")) == (401, "PHONE_PROOF_INVALID")
    assert code(town.phone(token, age_s=3600)) == (401, "PHONE_PROOF_INVALID")
    assert code(town.phone(token, country="1")) == (422, "PHONE_FORMAT")
    assert town.phone(token, country=86).status_code == 200


@pytest.mark.parametrize("suite", ["intl"])
@pytest.mark.parametrize("variant", ["good", "foreign_appid", "old_timestamp", "wrong_key", "broken_padding"])
def test_W11_W12_sealed_phone_data(town: Town, variant: str) -> None:
    token = town.token()
    data = {"phoneNumber": PHONE, "purePhoneNumber": PHONE, "countryCode": "86"}
    made = admin(town.wechat, "POST", "encrypted-data", openid=OPENID, data=data, variant=variant)
    body = {"encrypted_data": made["encryptedData"], "iv": made["iv"]}
    told = town.ask("POST", "/me/phone", token, body)
    assert code(told) == ((200, "") if variant == "good" else (401, "PHONE_PROOF_INVALID"))
    assert code(town.ask("POST", "/me/phone", token, {**body, "code": "x"})) == (422, "REQUIRED")


@pytest.mark.parametrize("suite", ["intl"])
def test_row_B51_unknown_and_different_look_and_time_alike(town: Town) -> None:
    """Not by a clock alone: both take the same way through us, call by call, with one question to the register."""
    token, told, ways = town.at_level(1), [], {}
    other = town.phone(town.token(OTHER), "15400000001").json["access_token"]
    assert town.name(other, "韩山福", ELSE_NUMBER).status_code == 200  # so this one is known here too, not there alone
    for _ in range(2):
        for number in (NOBODYS, ELSE_NUMBER):
            started, asked = time.monotonic(), town.police.twin.calls
            answer, ways[number] = _way(lambda number=number: town.name(token, "王新涛", number))
            told.append((code(answer), answer.json["title"], town.police.twin.calls - asked))
            assert time.monotonic() - started >= 0.24  # both leave at a whole step, whatever the register needed
    assert set(told) == {((422, "IDENTITY_MISMATCH"), told[0][1], 1)}
    assert ways[NOBODYS] == ways[ELSE_NUMBER] and ways[NOBODYS]["hub/crypto.py", "lookup"]


def _way(ask: Callable[[], Any]) -> tuple[Any, Counter[tuple[str, str]]]:
    """The answer, and how often each function was called that knows people: sealing, hashing, signing in."""
    profile, rooms = Profile(), ("hub/identity/", "hub/login/", "hub/crypto.py")
    answer, calls = profile.runcall(ask), Counter[tuple[str, str]]()
    for each in profile.getstats():
        if not isinstance(each.code, str):
            file = each.code.co_filename.removeprefix(f"{ROOT}/")
            calls[file, each.code.co_name] += each.callcount if file.startswith(rooms) else 0
    return answer, +calls


@pytest.mark.parametrize(
    ("number", "told"),
    [("36262319120611601", "ID_FORMAT"), ("3626231912061160133", "ID_FORMAT"), ("362623191206116014", "ID_CHECKSUM"),
     ("３６２６２３１９１２０６１１６０１３", "ID_FORMAT"), ("362623199902300012", "ID_FORMAT"),
     ("362623120611601", "ID_OBSOLETE")],
)  # fmt: skip
@pytest.mark.parametrize("suite", ["intl"])
def test_row_B45_B49_a_bad_number_reaches_nobody(town: Town, number: str, told: str) -> None:
    token = town.at_level(1)
    before = town.police.twin.calls
    assert code(town.name(token, NAME, number)) == (422, told)
    assert town.police.twin.calls == before


@pytest.mark.parametrize("suite", ["intl"])
def test_row_B52_threat_T5_five_questions_about_one_number_a_day_from_whomever(town: Town, redis: str) -> None:
    """A Redis that was emptied gives no more of them."""
    tokens = [town.phone(town.token(f"oDEMO_guesser_{n}")).json["access_token"] for n in range(8)]
    before = town.police.twin.calls
    guesses = [(tokens[n % 8], f"王{'一二三四五六七八九十'[n % 10]}{'甲乙丙'[n % 3]}") for n in range(24)]
    with ThreadPoolExecutor(8) as pool:
        outcomes = Counter(pool.map(lambda guess: code(_fresh(town).name(*guess, ELSE_NUMBER)), guesses))
    assert outcomes == {(422, "IDENTITY_MISMATCH"): 5, (429, "SUBJECT_BUDGET"): 19}
    Redis.from_url(redis).flushall()
    assert code(town.name(tokens[0], "韩山福", ELSE_NUMBER)) == (429, "SUBJECT_BUDGET")
    assert town.police.twin.calls - before == 5


def _fresh(town: Town) -> Town:
    """A client of its own for each thread."""
    return Town(town.hub, town.wechat, town.police, town.app.application.test_client())


@pytest.mark.parametrize("suite", ["intl"])
def test_row_B52_one_caller_and_one_name_have_budgets_too(town: Town) -> None:
    token = town.at_level(1)
    numbers = _good_numbers(12)
    outcomes = [code(town.name(token, f"王{n}", number))[1] for n, number in enumerate(numbers)]
    assert outcomes == ["IDENTITY_MISMATCH"] * 10 + ["SUBJECT_BUDGET"] * 2


def _good_numbers(count: int) -> list[str]:
    rows = (ROOT / "adapters/twins/county/residents.csv").read_text(encoding="utf-8").splitlines()[1:]
    return [row.split(",")[1] for row in rows[100 : 100 + count]]


@pytest.mark.parametrize("suite", ["intl"])
def test_a_register_that_is_down_costs_no_attempt(town: Town) -> None:
    token = town.at_level(1)
    admin(town.police, "PUT", "toxics", down=True)
    for _ in range(3):
        assert town.name(token).status_code == 503
    admin(town.police, "DELETE", "toxics")
    with town.hub.database.read() as connection:
        assert {row[0] for row in connection.exec_driver_sql("SELECT count FROM identity_attempt")} == {0}


def test_one_number_one_citizen(town: Town) -> None:
    """The same person from a second WeChat account joins when the phone is the same, and is refused when it is not."""
    first = town.ask("GET", "/me", town.at_level(2)).json["citizen_id"]
    second = town.phone(town.token(OTHER)).json["access_token"]
    joined = town.name(second)
    assert (joined.status_code, joined.json["citizen_id"], joined.json["level"]) == (200, first, 2)
    assert code(town.ask("GET", "/me", second)) == (401, "SESSION_REVOKED")
    assert town.ask("GET", "/me", town.token(OTHER)).json["citizen_id"] == first
    stranger = town.phone(town.token("oDEMO_stranger_0001"), "15400000009").json["access_token"]
    assert code(town.name(stranger)) == (409, "IDENTITY_TAKEN")
    assert town.ask("GET", "/me", stranger).json["level"] == 1


def test_many_at_once_with_one_number_make_one_citizen(town: Town) -> None:
    tokens = [town.phone(town.token(f"oDEMO_many_{n}")).json["access_token"] for n in range(4)]

    again = []

    def named(token: str) -> Any:
        """Whoever is told to come again does. That may have cost one of the five attempts a day."""
        phone, told = _fresh(town), None
        while told is None or told.status_code == 503:
            again.append(token)
            told = phone.name(token)
        return told

    with ThreadPoolExecutor(4) as pool:
        told = list(pool.map(named, tokens))
    refused = [each for each in told if each.status_code != 200]
    assert {each.status_code for each in refused} <= {429} and len(refused) <= max(0, len(again) - 5)
    assert len({each.json["citizen_id"] for each in told if each not in refused}) == 1


def test_feat_D5_a_form_says_what_the_state_knows(town: Town) -> None:
    token = town.at_level(2)
    told = town.ask("GET", "/me/forms/residence-certificate", token).json["fields"]
    id_number = told["id_number"]
    assert (id_number["value"], id_number["source"]) == ("362*************13", "household_registration")
    parts = {"value", "source", "updated_at", "classification", "unavailable"}
    assert all(set(each) == parts for each in told.values())
    assert code(town.ask("GET", "/me/forms/nothing", token)) == (404, "NOT_FOUND")


def test_the_access_copy_is_whole_and_needs_a_face(town: Town) -> None:
    assert code(town.ask("GET", "/me/data", town.at_level(2))) == (403, "LEVEL_REQUIRED")
    told = town.ask("GET", "/me/data", town.at_level(3, OPENID)).json
    values = {name: each["value"] for name, each in told["fields"].items()}
    assert (values["name"], values["id_number"], values["phone"]) == (NAME, NUMBER, PHONE) and values["address"]
    assert told["kept_after_deletion"] and told["elsewhere"]


def test_deletion_leaves_nothing_and_ends_every_session(town: Town, fresh_database: str) -> None:
    token, also = town.at_level(2), town.token()
    citizen_id = town.ask("GET", "/me", token).json["citizen_id"]
    told = town.ask("GET", "/me/leaving", token)  # beforehand, without a proved face
    gone = town.ask("DELETE", "/me", token)
    assert gone.status_code == 200 and gone.json["kept"] and told.json == gone.json
    assert {code(town.ask("GET", "/me", each)) for each in (token, also)} == {(401, "SESSION_REVOKED")}
    with town.hub.database.read() as connection:
        open_ = "SELECT count(*) FROM login_session WHERE ended_at IS NULL"
        assert connection.exec_driver_sql(open_).scalar() == 0
        for table in ("identity_person", "login_binding"):
            assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == 0  # noqa: S608
    assert town.ask("GET", "/me", town.token()).json["citizen_id"] != citizen_id


def test_threat_T3_nothing_readable_in_postgresql_redis_logs_metrics(
    town: Town, suite: str, fresh_database: str, redis: str, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = io.StringIO()
    logs.configure(lines)
    token = town.at_level(3)
    address = town.ask("GET", "/me/data", token).json["fields"]["address"]["value"]
    answers = [town.ask("GET", "/me", token), town.name(token, "韩山福")]
    answers.append(town.ask("GET", "/me/forms/residence-certificate", token))
    answers.append(town.ask("POST", "/services/residence-certificate/calls", token, {"fields": {}}))
    town.hub.exchanges.close()
    head = {"intl": b"1.s1.", "sm": b"2.s1."}[suite]
    dump = everything(fresh_database)
    assert head in dump
    metrics = town.app.get("/metrics").data
    places = {
        "postgresql": dump,
        "redis": _redis_bytes(redis),
        "logs": (lines.getvalue() + "".join(capfd.readouterr())).encode(),
        "metrics": metrics,
    }
    masked = b"".join(answer.data for answer in answers[:3])
    for value in (NAME, NUMBER, PHONE, address, OPENID, token):
        for spelled in (value.encode(), value.encode("unicode_escape"), value.encode("gb18030")):
            assert [name for name, text in places.items() if spelled in text] == [], value
    assert NUMBER.encode() not in masked and PHONE.encode() not in masked and NAME.encode() not in masked


def test_threat_T27_keys_turn_under_load_and_nothing_is_lost(town: Town, tmp_path: Path) -> None:
    """Everybody goes on while the ring turns, everything is resealed, and the old key may go."""
    people = [Town(town.hub, town.wechat, town.police, _fresh(town).app) for _ in range(3)]
    token, over, failed, asked = town.at_level(3), threading.Event(), Counter[int](), Counter[str]()
    citizen_id = town.ask("GET", "/me", token).json["citizen_id"]

    def live(one: Town) -> None:
        while not over.is_set():
            again = one.app.post("/api/v1/sessions", json={"code": new_code(one.wechat, OPENID)})
            asked[again.json["citizen_id"] if again.status_code == 201 else str(again.data)] += 1
            failed[one.ask("GET", "/me/data", token).status_code] += 1

    hub_yaml = tmp_path / "config/hub.yaml"
    first = hub_yaml.read_text(encoding="utf-8")
    (town.hub.home / "secrets/seal_key_2").write_text("s" * 40, encoding="ascii")
    with ThreadPoolExecutor(3) as pool:
        lives = [pool.submit(live, one) for one in people]
        both = first.replace("seal_keys: {s1:", "seal_keys: {s2: file/secrets/seal_key_2, s1:")
        hub_yaml.write_text(both, encoding="utf-8")
        assert eventually(lambda: b".s2." in town.hub.crypto.head, 30)
        assert reseal_all(town.hub) > 0 and standing(town.hub)["may_go"] == ["s1"]
        hub_yaml.write_text(re.sub(r", s1: [^}]+", "", both), encoding="utf-8")
        assert eventually(lambda: len(town.hub.settings.now.hub.seal_keys) == 1, 30)
        before = asked.total()
        assert eventually(lambda: asked.total() > before + 6, 30)
        over.set()
        for each in lives:
            each.result(30)
    assert set(asked) == {citizen_id} and set(failed) == {200}
    assert town.ask("GET", "/me/data", token).json["fields"]["id_number"]["value"] == NUMBER
    second = town.phone(town.token(OTHER)).json["access_token"]
    assert town.name(second).json["citizen_id"] == citizen_id  # found by its number, under the new key alone


@pytest.mark.parametrize("suite", ["intl"])
def test_resealing_that_was_stopped_goes_on(town: Town) -> None:
    """Also people from before each had a data key."""
    hub = town.hub
    known = [Known(number, f"王{n}", f"1540000{n:04d}", 2, "", "x") for n, number in enumerate(_good_numbers(7))]
    with hub.database.session() as session:
        ids = [hub.identity.register_known(session, each) for each in known]
        person = session.get(Person, ids[0])
        assert person is not None
        person.key_sealed = None
        for purpose in ("id_number", "name", "phone"):
            value = getattr(known[0], purpose).encode()
            setattr(person, f"{purpose}_sealed", hub.crypto.seal(value, f"identity.{purpose}:{ids[0]}"))
    ring = {"s2": b"s" * 32, **{n: k.encode() for n, k in hub.settings.now.hub.seal_keys.items()}}
    again = Resealing(hub.database, Crypto(ring, "sm"), [replace(each, at_once=3) for each in SEALED])

    def kill(*_: object) -> None:
        raise ZeroDivisionError

    assert again.under()["s1"].total() == 6 + 3  # one has no key: name, number and phone
    with pytest.raises(ZeroDivisionError):
        again.run(kill)
    assert 0 < again.under()["s1"].total() < 9
    again.run()
    assert again.under() == {}
    alone = Identity(Crypto({"s2": b"s" * 32}, "sm"), hub.clock)
    with hub.database.session() as session:
        assert [alone.registered(session, id) for id in ids] == [Registered(k.id_number, k.name) for k in known]
        assert [alone.holder(session, each.id_number) for each in known] == ids


@pytest.mark.parametrize("suite", ["intl", "sm"])
def test_companies_are_sealed_and_found_by_their_code(town: Town, suite: str, fresh_database: str) -> None:
    hub, record = town.hub, CompanyRecord("11360423DEM000014P", "示范县虚构商贸有限公司", "韩山福", "market_regulation")
    with hub.database.session() as session:
        ids = [hub.identity.companies.register(session, record) for _ in range(2)]
        told = hub.identity.companies.record(session, ids[0])
        assert ids[0] == ids[1] == hub.identity.companies.find(session, record.credit_code)
        assert hub.identity.companies.find(session, "91350100M000100Y43") is None
    assert told is not None and (told.name, told.shown()["representative"]) == (record.name, "韩*福")
    dump = everything(fresh_database)
    assert all(value.encode() not in dump for value in (record.credit_code, record.name, record.representative))
