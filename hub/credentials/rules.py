"""What may be done to a licence, what it counts for today, and what of it is shown. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from hub.credentials.licence_id import read
from hub.errors import Fault, Problem, invalid
from hub.settings.shapes import Licence

State = Literal["valid", "not_yet_valid", "suspended", "expired", "replaced", "revoked"]
ALWAYS = ("licence_id", "name", "id_number", "valid_from", "valid_until")
_LONGEST = 200
# From which states an act is possible, and which state comes of it. Nothing follows a revocation.
_ACTS: Mapping[str, tuple[frozenset[str], str]] = {
    "suspend": (frozenset({"valid", "not_yet_valid"}), "suspended"),
    "resume": (frozenset({"suspended"}), "valid"),
    "renew": (frozenset({"valid", "expired"}), "valid"),
    "revoke": (frozenset({"valid", "not_yet_valid", "suspended", "expired"}), "revoked"),
}
ACTS = tuple(_ACTS)


@dataclass(frozen=True, slots=True)
class Held:
    """One licence of one person or company (whose number is its credit code). `id` is the hub's own and says nothing;
    `state` is what its keeper has on file."""

    id: str
    type: Licence
    licence_id: str
    version: int
    state: str
    valid_from: date
    valid_until: date
    name: str
    id_number: str
    fields: Mapping[str, str] = field(default_factory=dict)
    key_id: str = ""
    proof: str = ""

    def shown(self, names: Sequence[str]) -> dict[str, str]:
        """The values of these fields, as texts."""
        own = {
            "licence_id": self.licence_id,
            "name": self.name,
            "id_number": self.id_number,
            "valid_from": self.valid_from.isoformat(),
            "valid_until": self.valid_until.isoformat(),
        }
        whole = {**self.fields, **own}
        return {name: whole[name] for name in names if name in whole}


def after(act: str, state: State) -> str:
    """The state that an act leads to. Raises STATE_CONFLICT where it is not possible."""
    possible, result = _ACTS[act]
    if state not in possible:
        raise Problem("STATE_CONFLICT")
    return result


def state_of(stored: str, valid_from: date, valid_until: date, today: date) -> State:
    """What a licence counts for today: its last day is still a good one."""
    if stored in ("revoked", "suspended", "replaced"):
        return stored  # type: ignore[return-value]
    if today > valid_until:
        return "expired"
    return "not_yet_valid" if today < valid_from else "valid"


def state_now(held: Held, version: int, today: date, *, taken_back: bool = False) -> State:
    """What the version that is shown counts for."""
    if taken_back:
        return "revoked"
    if version != held.version and held.state != "revoked":
        return "replaced"
    return state_of(held.state, held.valid_from, held.valid_until, today)


def chosen(type: Licence, names: Sequence[str] | None) -> list[str]:
    """The fields that are shown; unless told otherwise what the licence itself says, with name and last day, but
    neither its number nor its holder's. Raises CHOICE for a field it does not have."""
    if names is None:
        return ["name", "valid_until", *type.fields]
    known = {*ALWAYS, *type.fields}
    faults = [Fault(f"fields.{at}", "CHOICE") for at, name in enumerate(names) if name not in known]
    if faults:
        raise invalid(faults)
    return list(dict.fromkeys(names))


def checked_fields(type: Licence, sent: Mapping[str, Any]) -> dict[str, str]:
    """What a licence of this kind says: each of its fields, one line of text. Raises the 422 of the faults."""
    faults = [Fault("fields", "UNKNOWN_FIELD")] if sent.keys() - type.fields.keys() else []
    for name in type.fields:
        value = sent.get(name)
        if value is None or value == "":
            faults.append(Fault(f"fields.{name}", "REQUIRED"))
        elif not isinstance(value, str) or not value.isprintable():
            faults.append(Fault(f"fields.{name}", "TYPE" if not isinstance(value, str) else "TEXT_CONTROL"))
        elif len(value) > _LONGEST:
            faults.append(Fault(f"fields.{name}", "TOO_LONG"))
    if faults:
        raise invalid(faults)
    return {name: sent[name] for name in type.fields}


def kept_by_issuer(type: Licence, row: Mapping[str, Any], person: Mapping[str, Any], own: str) -> Held:
    """A row of the issuer's registry as a licence; raises ValueError when its id is wrong or of another kind."""
    id = read(row["licence_id"])
    if id.type != type.type_code:
        raise ValueError("another kind of licence")
    return Held(
        own, type, row["licence_id"], id.version, row["state"],
        date.fromisoformat(str(row["valid_from"])), date.fromisoformat(str(row["valid_until"])),
        person["name"], person["id_number"],
        {name: str(row[name]) for name in type.fields if row.get(name) is not None},
    )  # fmt: skip


def is_holder(name: str, id_number: str, registered: Any) -> bool:
    """Whether name and number are both those of the person who is signed in."""
    return bool(name == registered.name and id_number == registered.id_number)
