"""Who can be played in the demo: six invented residents of adapters/twins/county, staff accounts of every role.

The county has no telephone numbers, because no range is safe. Those here begin with 154, which no operator was known to
have been given (unverified); they go nowhere but into the twin of the short-message provider.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from hub.demo.places import written
from hub.identity.service import Known

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from hub.main import Hub

ROLES = (
    "operator",
    "officer",
    "order_officer",
    "community_clerk",
    "verifier",
    "data_officer",
    "auditor",
    "system_admin",
    "security_admin",
    "audit_admin",
)
_REGISTERED_BY = "household_registration"
_ACCOUNT_LASTS = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Persona:
    """A resident and how surely the hub knows the person (0 to 3). `region` is the town."""

    name: str
    openid: str
    id_number: str
    phone: str
    level: int
    region: str


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A staff account in clear, for whoever tries the demo."""

    username: str
    password: str
    totp_secret: str
    role: str
    office: str = ""


# Data is shared by several departments: one asks, one owns, one reviews, and one decides what is disputed.
ACCOUNTS = {role: role for role in ROLES} | dict.fromkeys(
    ("data_officer_owner", "data_officer_platform", "data_officer_county"), "data_officer"
)
OFFICES = {
    "community_clerk": "360423001",
    "data_officer": "education",
    "data_officer_owner": "civil_affairs",
    "data_officer_platform": "data_bureau",
    "data_officer_county": "gov_office",
}
PERSONAS = (
    Persona("韩山福", "oDEMO_Gcapq6IAkj0scfVGPdVn2L", "362623190205121932", "15400000001", 2, "360423001"),
    Persona("林美梅", "oDEMO_SJ7pMmjEkP67h58iyfxNVG", "362623190008226786", "15400000002", 2, "360423001"),
    # A name that GBK cannot hold, and one with a dot.
    Persona("王䶮", "oDEMO_BRbPUu7938bRnbYaJi9gPq", "362623190607312336", "15400000003", 2, "360423207"),
    Persona("阿依古丽·买买提", "oDEMO_YCkI23TCgcRSSOXRYBCD6S", "362623190506224601", "15400000004", 2, "360423207"),
    Persona("韩波德", "oDEMO_S5911bxjHiYxnzgK0RTv8r", "362623191206116013", "15400000005", 1, "360423203"),
    Persona("王新涛", "oDEMO_ZzNXnojMb1uCX9U5Osb28H", "362623191112033970", "15400000006", 0, "360423209"),
)


WATCHER = {"id_number": "362623191102072212", "name": "李宇宝"}  # nobody plays him: he asks on schedule (X17)


def make_watcher(folder: Path) -> None:
    """The synthetic citizen of hub.yaml, known to the twins as everybody of the county is."""
    for name, value in WATCHER.items():
        written(folder / f"watcher_{name}", value + "\n")


def make_staff(folder: Path) -> tuple[StaffMember, ...]:
    """At least one account of each role with chance-made passwords, made once and kept in `folder` for its owner
    alone; what an older release did not have yet is added."""
    path = folder / "staff.json"
    kept = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    lacking = [name for name in ACCOUNTS if name not in {entry["username"] for entry in kept}]
    if lacking:
        kept += [asdict(_member(name)) for name in lacking]
        _write_private(path, json.dumps(kept, indent=1))
    return tuple(StaffMember(**{**entry, "office": OFFICES.get(entry["username"], "")}) for entry in kept)


def _member(username: str) -> StaffMember:
    totp = base64.b32encode(secrets.token_bytes(20)).decode()
    return StaffMember(username, secrets.token_urlsafe(12), totp, ACCOUNTS[username])


def seed(hub: Hub) -> tuple[StaffMember, ...]:
    """Put personas and staff into the database, where they are missing; returns the staff. May be called again."""
    members = make_staff(hub.home / "secrets")
    with hub.database.session() as session:
        for persona in PERSONAS:
            _seed_persona(hub, session, persona)
        for member in members:
            _seed_member(hub, session, member)
    return members


def _seed_persona(hub: Hub, session: Session, persona: Persona) -> None:
    if persona.level == 0 or hub.login.citizen_of(session, persona.openid) is not None:
        return  # whom nobody knows comes into being at the first login
    if persona.level == 1:
        citizen_id = hub.identity.new_citizen_id()
        hub.identity.register_visitor(session, citizen_id)
        hub.identity.set_phone(session, citizen_id, persona.phone, "wechat")
    else:
        citizen_id = hub.identity.register_known(
            session,
            Known(persona.id_number, persona.name, persona.phone, persona.level, persona.region, _REGISTERED_BY),
        )
    hub.login.bind(session, persona.openid, citizen_id)


def _seed_member(hub: Hub, session: Session, member: StaffMember) -> None:
    """Also when its secret file was lost and made again, or its ninety days are over."""
    known = hub.identity.staff(session, member.username)
    if known is not None and known.usable and known.totp_secret == member.totp_secret and known.office == member.office:
        return
    hashed = hub.identity.passwords.hash(member.password)
    expires_at = hub.clock.now() + _ACCOUNT_LASTS
    hub.identity.open_account(
        session, member.username, hashed, member.totp_secret, member.role, expires_at, member.office
    )


def _write_private(path: Path, text: str) -> None:
    part = path.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)
    part.replace(path)
