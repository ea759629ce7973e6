"""The answer to a leak: which exchanges gave these values, to whom, with what likelihood; what each side can show, what
nobody can; and the draft of the notice that the law asks for. It proves what was delivered, not who leaked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.database import Database
from hub.ledger import suspicion, volumes
from hub.ledger.canaries import Canaries
from hub.ledger.checkpoints import newest
from hub.ledger.evidence import Evidence
from hub.ledger.looking import Fault
from hub.ledger.models import EntryRow, LeafRow
from hub.ledger.proofs import receipts, shown
from hub.ledger.statement import Statement
from hub.ledger.suspicion import Taker
from hub.ledger.tracing import Hit, Tracing

MOST = 200  # values
_PATIENCE_S = 300.0
_SHOWN = 100  # exchanges in full
_SPAN = timedelta(days=3 * 365)
CANNOT = (
    "本记录证明数据交付给了谁，不能证明是谁泄露的。",
    "单条准确记录无法加标记；不经本平台的交换、拍照、抄写和本平台之前已有的副本不在记录中。",
    "公民本人的查询只记录字段名，不记录字段值的承诺，故不能按值比对。",
    "推测按各部门持有量计算，其他来源的可能性单列，仅供确定调查次序。",
)


@dataclass(frozen=True, slots=True)
class Named:
    """What a department is called, and whom to call."""

    name: Callable[[str], str]
    county: str
    hotline: str


@dataclass(frozen=True, slots=True)
class _Held:
    """Of how many people each department was given data, and how many values; of how many people at all, and values."""

    people: Mapping[str, int]
    values: Mapping[str, int]
    everybody: int
    values_given: int


class Investigations:
    """Reads only. One takes seconds, so its statements may be silent for longer than a citizen would wait."""

    def __init__(
        self,
        database: Database,
        evidence: Evidence,
        tracing: Tracing,
        canaries: Canaries,
        intact: Callable[[], Sequence[Fault]],
        clock: Clock,
    ) -> None:
        self._database, self._evidence, self._tracing, self._canaries = database, evidence, tracing, canaries
        self._intact, self._clock = intact, clock

    def investigate(
        self, values: Sequence[str], named: Named, since: datetime | None = None, until: datetime | None = None
    ) -> dict[str, Any]:
        """`values` as they were found; none of them is in the answer, only their places in the list."""
        now = self._clock.now()
        begin, end = since or now - _SPAN, until or now
        with self._database.session(patience=_PATIENCE_S) as session:
            session.execute(text("SET LOCAL statement_timeout = '5min'"))  # it counts over years
            hits = list(self._tracing.hits(session, values, begin, end))
            leaked = set().union(*(hit.values for hit in hits))
            held = self._held(session, begin, end)
            takers = self._takers(hits, held, len(leaked))
            exchanges = [self._exchange(session, hit) for hit in hits[:_SHOWN]]
            kinds = sorted(set().union(*(hit.fields for hit in hits)))
            canaries = [
                {"user": each.user, "made_at": each.made_at.isoformat(), "file": each.file, "officer": each.officer}
                for each in self._canaries.among(session, values)
            ]
            unusual = [
                {"user": each.user, "day": each.day.isoformat(), "people": each.people, "usual": each.usual}
                for each in volumes.uncommon(volumes.lately(session, now))
            ]
            last = newest(session)
        faults = self._intact()
        return {
            "investigated_at": now.isoformat(),
            "since": begin.isoformat(),
            "until": end.isoformat(),
            "values": len(values),
            "found": sorted(leaked),
            "takers": [self._told(each, hits, named) for each in takers],
            "innocent_expected": self._innocent(held, len({hit.subject_tag for hit in hits})),
            "canaries": canaries,
            "exchanges": exchanges,
            "exchanges_found": len(hits),
            "volumes": unusual,
            "complete": {
                "intact": not faults,
                "faults": [asdict(fault) for fault in faults],
                "checkpoint": last.note if last else None,
                "witnesses": list(last.cosigned) if last else [],
            },
            "liability": _liability(exchanges, not faults, len(last.cosigned) if last else 0),
            "cannot_show": list(CANNOT),
            "notice": _notice(kinds, canaries, named, now),
        }

    @staticmethod
    def _held(session: Session, begin: datetime, end: datetime) -> _Held:
        people = func.count(func.distinct(EntryRow.subject_tag))
        values = func.coalesce(func.sum(func.octet_length(EntryRow.commitments)), 0) / 32
        query = select(EntryRow.user, people, values).where(
            EntryRow.step == "DELIVERED", EntryRow.at >= begin, EntryRow.at < end
        )
        found = session.execute(query.group_by(func.rollup(EntryRow.user))).all()
        *users, (_, everybody, together) = sorted(found, key=lambda row: row[0] is None)  # of the whole it says no user
        return _Held(
            {user: count for user, count, _ in users}, {user: int(count) for user, _, count in users}, everybody,
            int(together),
        )  # fmt: skip

    @staticmethod
    def _takers(hits: Sequence[Hit], held: _Held, leaked: int) -> list[Taker]:
        had: dict[str, set[int]] = defaultdict(set)
        for hit in hits:
            had[hit.user] |= hit.values
        takers = [Taker(user, len(places), held.values.get(user, 1)) for user, places in had.items()]
        return suspicion.weighed(takers, leaked, held.values_given)

    @staticmethod
    def _innocent(held: _Held, leaked: int) -> float:
        """`leaked` people."""
        users = [count for user, count in held.people.items() if user]
        share = sum(users) / len(users) / held.everybody if users else 0.0
        return suspicion.innocent(len(users), share, leaked) if leaked else 0.0

    @staticmethod
    def _told(taker: Taker, hits: Sequence[Hit], named: Named) -> dict[str, Any]:
        mine = [hit.at for hit in hits if hit.user == taker.user]
        return {
            "user": taker.user,
            "name": "其他来源" if taker.user == suspicion.ELSEWHERE else named.name(taker.user),
            "had": taker.had,
            "held": taker.held,
            "likelihood": taker.likelihood,
            "first_at": min(mine).isoformat() if mine else None,
            "last_at": max(mine).isoformat() if mine else None,
        }

    def _exchange(self, session: Session, hit: Hit) -> dict[str, Any]:
        decided = session.get(EntryRow, (hit.exchange_id, "DECIDED"))
        kept = self._evidence.opened(session, decided) if decided else None
        numbers = session.scalars(select(LeafRow.number).where(LeafRow.exchange_id == hit.exchange_id)).all()
        signed = {each["party"] for each in receipts(session, hit.exchange_id)}
        return {
            "exchange_id": str(hit.exchange_id),
            "at": hit.at.isoformat(),
            "supplier": hit.supplier,
            "user": hit.user,
            "service": hit.service,
            "values": sorted(hit.values),
            "fields": sorted(hit.fields),
            "statement": shown(Statement.unpacked(kept["statement"])) if kept else None,
            "leaves": sorted(numbers),
            "proof": f"/api/v1/ledger/proofs/{hit.exchange_id}",
            "receipts": {party: "present" if party in signed else "missing" for party in ("S", "U", "P")},
        }


def _liability(exchanges: Sequence[Mapping[str, Any]], is_intact: bool, witnesses: int) -> list[str]:
    """How the receipts read, exchange by exchange (Decree 809; PIPL 69)."""
    lacking = {party: [each for each in exchanges if each["receipts"][party] == "missing"] for party in "SUP"}
    told = []
    if lacking["S"]:
        told.append(f"{len(lacking['S'])} 次交换没有提供方签收：提供方不能自证所供内容，仅有平台证明（E1）。")
    if lacking["U"]:
        told.append(f"{len(lacking['U'])} 次交换没有使用方签收：使用方的用途以平台所记授权和案号为准（E1）。")
    if lacking["P"] or not is_intact:
        told.append("平台记录不完整：由平台承担说明责任。")
    else:
        by = f"已由 {witnesses} 个见证方联署" if witnesses else "尚无见证方联署，只有平台自己的签名"
        told.append(f"平台记录未发现改动，{by}：按记录，平台依所附授权原样传递。")
    told.append(
        "在使用方持有的数据中发现的，由使用方负责（政务数据共享条例：谁使用谁负责）；交付之前的，由提供方负责。"
    )
    return told


def _notice(kinds: Sequence[str], canaries: Sequence[Mapping[str, Any]], named: Named, now: datetime) -> dict[str, Any]:
    """The draft under PIPL 57: kinds, cause, harm, remedy, contact. A person completes and signs it."""
    found = "；诱饵记录显示为交付给" + "、".join(named.name(each["user"]) for each in canaries) if canaries else ""
    return {
        "title": "个人信息泄露情况通知（草稿）",
        "kinds": list(kinds),
        "cause": f"在平台之外发现与上述字段一致的数据，原因正在调查{found}。",
        "harm": "可能被用于冒充身份、诈骗电话或骚扰，请核实具体字段后填写。",
        "remedy": "已核对交换记录并通知有关部门停止使用；请勿透露验证码，可在“谁看过我的数据”中核对。",
        "contact": f"{named.county} {named.hotline}",
        "drafted_at": now.isoformat(),
    }
