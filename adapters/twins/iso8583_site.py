"""A card host that speaks ISO 8583: it tells balances, books, reverses, and finds a booking by its caller's number.

Q30  true: answers in the dialect of another partner (`other`)
Q31  what happens to a booking's answer: "drop" (booked, then the line is cut), "late" (booked, answered after `LATE_S`)
     or false; the reversal is answered as always
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import iso8583
import yaml

from adapters.twins.residents import county, luck
from adapters.twins.tcp_site import TcpSite

LATE_S = 5.0
NAME, PERSON, OURS, BALANCE = "43", "61", "62", "54"

Fields = dict[str, str]


class Iso8583Site(TcpSite):
    """`folder` holds the system.yaml and the dialects; `other` is the name of the second one."""

    def __init__(self, system: str, seed: int, folder: Path, other: str) -> None:
        facts = yaml.safe_load((folder / "system.yaml").read_text(encoding="utf-8"))
        own = {"connections": {}, **facts["iso8583"]}
        super().__init__(system, "iso8583", seed, "latin-1", own, Q30=False, Q31=False)
        self._dialect, self._other = (_dialect(folder / name) for name in (own.get("dialect", "dialect.yaml"), other))
        self._people = county().residents
        self._books = threading.Lock()
        self.undone: list[str] = []

    def told(self, message: bytes) -> bytes | None:
        asked, _ = iso8583.decode(message, self._dialect)
        answer = self._answered(asked)
        if asked["t"] == "0200" and self.quirk("Q31") == "drop":
            return None
        if asked["t"] == "0200" and self.quirk("Q31") == "late":
            time.sleep(LATE_S)
        raw, _ = iso8583.encode(answer, self._other if self.quirk("Q30") else self._dialect)
        return bytes(raw)

    def forget(self) -> None:
        self.undone.clear()

    def _answered(self, asked: Mapping[str, str]) -> Fields:
        echo = {name: asked[name] for name in ("3", "4", "7", "11", "41", OURS) if name in asked}
        echo["t"] = f"{int(asked['t']) + 10:04d}"
        with self._books:
            match asked["t"], asked.get("3"):
                case "0100", "310000":
                    return echo | self._balance(asked)
                case "0100", _:
                    return echo | self._found(asked)
                case "0200", _:
                    return echo | self._booked(asked)
                case _:
                    return echo | {"39": self._reversed(asked)}

    def _balance(self, asked: Mapping[str, str]) -> Fields:
        person = self._people.get(asked[PERSON])
        if person is None:
            return {"39": "14"}
        fen = luck(self.seed, "card", person.id_number).randrange(10**8)
        return {"39": "00", NAME: person.name, PERSON: person.id_number, BALANCE: str(fen)}

    def _booked(self, asked: Mapping[str, str]) -> Fields:
        if asked[PERSON] not in self._people:
            return {"39": "14"}
        kept = {"trace": asked["11"], "amount": asked["4"], "ours": asked[OURS], "person": asked[PERSON]}
        number = self.records.add(kept)
        return {"39": "00", "37": f"{number:012d}", PERSON: asked[PERSON]}

    def _found(self, asked: Mapping[str, str]) -> Fields:
        found = next((each for each in self._standing() if each["ours"] == asked[OURS]), None)
        if found is None:
            return {"39": "25"}
        return {"39": "00", "37": f"{found['number']:012d}", "4": found["amount"]}

    def _reversed(self, asked: Mapping[str, str]) -> str:
        trace = asked["90"][4:10]
        if trace not in {each["trace"] for each in self._standing()}:
            return "25"
        self.undone.append(trace)
        return "00"

    def _standing(self) -> list[dict[str, Any]]:
        return [each for each in self.records.visible() if each["trace"] not in self.undone]


def _dialect(file: Path) -> dict[str, Any]:
    raw = {"h": {"max_len": 0}, **yaml.safe_load(file.read_text(encoding="utf-8"))}
    return {name: {"data_enc": "ascii", "len_enc": "ascii", "len_type": 0, **each} for name, each in raw.items()}
