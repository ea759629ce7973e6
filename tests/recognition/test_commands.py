"""`hub recognition …` as somebody types it, in a home of its own."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from sqlalchemy import text

from hub.__main__ import main
from hub.clock import CHINA
from hub.commands.doctor import _recognition
from hub.database import Database
from hub.main import Hub
from tests.conftest import Twins
from tests.county import ROOT
from tests.recognition.authority import NOW
from tests.recognition.conftest import SHIPPED, trust_list
from tests.recognition.hubs import LIST
from tests.recognition.region import Region, rule

ZHEJIANG = Region("330000")


@pytest.fixture(scope="module")
def home(hub_home: Path, make_database: Callable[[], str], redis: str, twins: Twins) -> Iterator[dict[str, str]]:
    """The environment of a hub that waits for a signed list."""
    place = Path(tempfile.mkdtemp(prefix="xt-recog-", dir="/tmp"))
    shutil.copytree(hub_home / "secrets", place / "secrets")
    shutil.copytree(ROOT / "config", place / "config")
    (place / "signers.json").write_text(json.dumps({"keys": LIST.public()}), encoding="ascii")
    said = {**SHIPPED, "signers": "file/signers.json"}
    (place / "config" / "recognition.yaml").write_text(yaml.safe_dump(said, allow_unicode=True), encoding="utf-8")
    yield {"HUB_HOME": str(place), "HUB_CONFIG": str(place / "config"), "HUB_DATABASE_URL": make_database(),
           "HUB_REDIS_URL": redis, **twins.environ}  # fmt: skip
    shutil.rmtree(place, ignore_errors=True)


def hub(home: dict[str, str], *words: str) -> Result:
    return CliRunner().invoke(main, ["recognition", *words], env=home)


def put(home: dict[str, str], name: str, text: str) -> str:
    path = Path(home["HUB_HOME"]) / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_feat_G1_a_list_is_taken_from_a_file_and_shown(home: dict[str, str]) -> None:
    before = hub(home, "trust-list", "show")
    assert before.exit_code == 1 and "BAD: trust list never came" in before.output
    days = (datetime.now(CHINA) - NOW) / timedelta(days=1)
    signed = trust_list(LIST, 4, ZHEJIANG, days=days + 0.5)
    took = hub(home, "trust-list", "take", put(home, "list.jws", signed))
    assert took.exit_code == 0 and "version 4" in took.output, took.output
    assert "not newer" in hub(home, "trust-list", "take", put(home, "list.jws", signed)).output
    assert hub(home, "trust-list", "take", put(home, "list.jws", "nothing")).exit_code == 1
    shown = hub(home, "trust-list", "show", "--json")
    told = json.loads(shown.output)
    assert (told["version"], told["issuers"], told["findings"][0]["bad"]) == (4, ["330000"], False)
    opened = Hub.open(Path(home["HUB_HOME"]), {**os.environ, **home})
    found = [(each.what, each.verdict) for each in _recognition(opened)]
    opened.close()
    assert ("recognition trust list", "watch") in found, "hub doctor says that it ends soon"


def test_feat_G2_a_rule_is_published_with_notice_and_listed(home: dict[str, str]) -> None:
    soon = (datetime.now(CHINA) + timedelta(days=3)).isoformat()
    made = rule("360423", ValidFrom=soon)
    done = hub(home, "rules", "publish", put(home, "rule.json", json.dumps(made)), "--reason", "互认")
    assert done.exit_code == 0 and "RR-360423-0001@1.0.0" in done.output, done.output
    late = {**made, "Version": "1.0.1", "ValidFrom": datetime.now(CHINA).isoformat()}
    refused = hub(home, "rules", "publish", put(home, "rule.json", json.dumps(late)), "--reason", "互认")
    assert refused.exit_code == 1 and "RULE_NOTICE" in refused.output
    assert hub(home, "rules", "publish", put(home, "rule.json", "{"), "--reason", "x").exit_code == 1
    assert hub(home, "rules", "publish", put(home, "rule.json", "[]"), "--reason", "x").exit_code == 1
    listed = json.loads(hub(home, "rules", "list", "--json").output)
    assert [(each["document"]["Version"], each["state"], each["in_force"]) for each in listed] == [
        ("1.0.0", "admitted", False)
    ]
    assert "RR-360423-0001" in hub(home, "rules", "list").output


def test_feat_G4_a_key_is_revoked_and_the_record_knows_who(home: dict[str, str]) -> None:
    words = ("revoke", "key", "330000", ZHEJIANG.kid, "--reason", "失窃")
    assert "Revoked" in hub(home, *words).output and "already" in hub(home, *words).output
    assert hub(home, "revoke", "person", "330000", "x", "--reason", "x").exit_code == 2
    database = Database(home["HUB_DATABASE_URL"], pool_size=1)
    with database.read() as connection:
        acts = connection.execute(text("SELECT actor, target FROM operations_act ORDER BY id DESC LIMIT 1")).one()
        changes = connection.scalars(text("SELECT act FROM recognition_change ORDER BY id")).all()
    database.close()
    assert acts[0].startswith("cli:") and acts[1].startswith("key:") and ZHEJIANG.kid not in acts[1]
    assert changes == ["list.taken", "rule.admitted", "revoked.key"]
