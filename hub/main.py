"""The one composition root: every part is made here and handed what it needs. Nothing else wires anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy.orm import Session

from hub.appeals.service import Appeals
from hub.cases.accepting import Accepting
from hub.cases.seams import Seams
from hub.cases.service import Cases
from hub.catalogue.service import Catalogue
from hub.clock import Clock
from hub.credentials.service import Credentials
from hub.crypto import Crypto
from hub.database import Database
from hub.errors import Problem
from hub.exchange.batches import Batches
from hub.exchange.records import Records
from hub.exchange.service import Exchange
from hub.fields import TYPES
from hub.filings.orders import Moved
from hub.filings.outbox import Outbox
from hub.filings.rules import Times
from hub.filings.sender import nobody_watches
from hub.flow.events import Crossing
from hub.flow.service import Flow
from hub.gateway.budget import Budget
from hub.gateway.orders import Caller, Registered
from hub.gateway.quotas import Quotas
from hub.gateway.redis_line import RedisLine, connect
from hub.gateway.service import Gateway
from hub.gateway.shared import SharedStore
from hub.health_code.opening import open_health_code
from hub.health_code.scans import Passed
from hub.identity.accounts import Accounts
from hub.identity.service import Identity
from hub.inbox.service import Inbox
from hub.inspection.service import Inspection, persona
from hub.jobs.service import Jobs
from hub.keys.look_up import LookUpKey
from hub.ledger.room import Ledger
from hub.ledger.writer import Exchanges
from hub.login.levels import Levels
from hub.login.oidc import OidcDoor
from hub.login.proofs import Proofs
from hub.login.service import Login
from hub.mandates.consents import Consents
from hub.mandates.fresh import Fresh
from hub.mandates.service import Mandates
from hub.matching.service import Matching
from hub.materials.disk import Disk
from hub.materials.service import Materials
from hub.messages.opening import open_messages
from hub.metrics import Metrics
from hub.port import BadRow, Record, Reply
from hub.recognition.rechecking import TASK as RECHECK
from hub.recognition.service import Recognising
from hub.reruns.asking import Asking
from hub.reruns.service import Reruns
from hub.settings import Secrets, Settings
from hub.settings.bundle_checks import bundles_fit
from hub.settings.checks import field_types_known, operations_known
from hub.sharing.service import Sharing
from hub.signing import Signing
from hub.switches.service import Switches
from hub.systems import Systems
from hub.systems.fitting import services_fit, systems_fit
from hub.systems.unmapped import UnmappedWords
from hub.tasks.service import TaskMoved, Tasks
from hub.trace import Trace
from hub.tracing.rules import at_gate
from hub.tracing.service import TASK as TRACING
from hub.tracing.service import Tracing
from hub.workdays import Workdays

_CONFIG = Path(__file__).parents[1] / "config"
_LOGIN_S = 3.0
_SENDERS = 6  # connections of those who file
_COPY_DAYS = 90
_REGISTER = "household_registration"


class Hub:
    """One per process. `open` makes it, `start` gives it its threads, `close` ends it.

    The environment names the database (HUB_DATABASE_URL), Redis (HUB_REDIS_URL), the folder of the configuration
    (HUB_CONFIG, default: config/ beside the package) and the package of the adapters (HUB_ADAPTERS).
    """

    filing_times = Times()
    filing_watch = staticmethod(nobody_watches)

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self.home = home
        self.is_demo = bool(environ.get("HUB_DEMO"))  # said by `hub demo` alone
        self.clock = Clock()
        self.workdays = Workdays.load()
        self.registry = CollectorRegistry()
        self.metrics = Metrics(self.registry)
        self._open_configuration(Secrets(environ, home), environ)
        self._open_gateway()
        self._open_rooms()

    def _open_configuration(self, secrets: Secrets, environ: Mapping[str, str]) -> None:
        """What is configured, and the stores it names."""
        self.systems = Systems(
            attached=lambda: self.settings.now.systems,
            shared=lambda id: self.store.for_system(id),
            package=environ.get("HUB_ADAPTERS", "adapters"),
            unmapped=lambda id: self.unmapped.of(id),
            records=lambda id: self.inbox.records(id),
        )
        checks = (
            operations_known(self.systems.operations),
            services_fit(self.systems.declared),
            systems_fit(self.systems.described),
            field_types_known(TYPES),
            bundles_fit(TYPES),
        )
        self.settings = Settings(Path(environ.get("HUB_CONFIG", _CONFIG)), secrets, self.clock, checks)
        hub = self.settings.now.hub
        keys = {name: key.encode() for name, key in hub.seal_keys.items()}
        self.database = Database(secrets.resolve("env/HUB_DATABASE_URL"))
        kept = LookUpKey(self.database).kept
        self.crypto = Crypto(keys, hub.suite, lambda: self.settings.now.hub.seal_keys, kept)
        self.signing = Signing(hub.sign_keys, hub.suite)
        self.redis = connect(secrets.resolve("env/HUB_REDIS_URL"))
        self.line = RedisLine(self.redis)
        self.store = SharedStore(self.line, self.crypto)
        self.switches = Switches(self.settings, self.database, self.clock)

    def _open_gateway(self) -> None:
        """The one way out, and what it stands on."""
        self.unmapped = UnmappedWords(self.database)
        self.exchanges = Exchanges(self.database)
        self.ledger = Ledger(self.home, self.database, self.crypto, self.clock, lambda: self.settings.now)
        self.identity = Identity(self.crypto, self.clock)
        self.accounts = Accounts(self.crypto, self.clock, self.identity.passwords)
        self.fresh = Fresh(self.database, self.clock)
        self.mandates = Mandates(
            self.crypto, self.clock, self.identity, self.fresh, lambda *gone: self.credentials.checking.ended(*gone)
        )
        self.consents = Consents(self.clock, self.fresh)
        self.gateway = Gateway(
            now=lambda: self.switches.now, switches=self.switches, systems=self.systems, exchanges=self.exchanges,
            database=self.database, crypto=self.crypto, line=self.line, metrics=self.metrics, clock=self.clock,
            registered=self._registered, consent=self.consents.check,
        )  # fmt: skip
        self.submissions = self.gateway.submissions
        self.legs = self.gateway.legs

    def _open_rooms(self) -> None:
        self.inbox = Inbox(
            attached=lambda: self.settings.now.systems,
            switches=self.switches,
            systems=self.systems,
            database=self.database,
            crypto=self.crypto,
            exchanges=self.exchanges,
            clock=self.clock,
            brought=self._brought,
            watching=lambda: self.exchange.feed,
            alarmed=lambda system, alarms, whole: self.inspection.alarmed(system, alarms, whole),
        )
        self.quotas = Quotas(lambda: self.switches.now, self.systems, Budget(self.line, self.clock), self.store)
        shared = lambda: self.settings.now.sharing  # noqa: E731
        self.sharing = Sharing(self.clock, self.workdays, shared)
        self.inspection = Inspection(
            self.database, self.gateway, self.systems, self.inbox, lambda: self.settings.now, self.clock
        )
        self.jobs = Jobs(self.database)
        post = open_messages(
            database=self.database, crypto=self.crypto, clock=self.clock, gateway=self.gateway, systems=self.systems,
            jobs=self.jobs, identity=self.identity, now=lambda: self.settings.now, openid_of=self._openid_of,
        )  # fmt: skip
        self.messages, self.notices, self.calls = post.messages, post.notices, post.calls
        self.push, self.subscriptions = post.push, post.subscriptions
        self.matching = Matching(self.database, self.crypto, self.clock, shared)
        self.exchange = Exchange(
            database=self.database, gateway=self.gateway, sharing=self.sharing, ledger=self.ledger,
            identity=self.identity, now=lambda: self.settings.now, crypto=self.crypto, clock=self.clock,
            workdays=self.workdays, described=self.systems.described, matching=self.matching, tell=self.messages.tell,
        )  # fmt: skip
        self.records = Records(self.exchange, self.sharing, self.database, self.clock, shared)
        self.batches = Batches(self.database, self.jobs, self.crypto, self.clock, self.exchange)
        self.asking = Asking(
            self.database, self.gateway, self.legs, lambda: self.settings.now, self.clock, self.mandates.acting
        )
        self.reruns = Reruns(self.database, self.jobs, self.legs, self.asking, self.clock)
        self.proofs = Proofs(self.line, self.clock)
        self.login = Login(
            self.settings, self.database, self.crypto, self.clock, self.identity, self._ask_wechat, self._joined,
        )  # fmt: skip
        self.credentials = Credentials(
            database=self.database, crypto=self.crypto, signing=self.signing, gateway=self.gateway,
            exchanges=self.exchanges, registered=self._registered, represented=self.mandates.represented,
            now=lambda: self.settings.now, clock=self.clock,
        )  # fmt: skip
        self.levels = Levels(
            self.settings, self.database, self.clock, self.identity, self.login, self._ask_wechat, self._ask_register,
        )  # fmt: skip
        self.oidc = OidcDoor(self.settings, self.database, self.crypto, self.clock, self.accounts, self.login)
        self.catalogue = Catalogue(self.settings, self.switches, self.database, self.clock, self.crypto)
        self._open_filing()
        self._open_cases()
        self.recognition = Recognising(
            self.database, self.crypto, self.signing, self.clock, lambda: self.settings.now,
            self.health_code.codes.facts, self.tasks.assign_about,
        )  # fmt: skip
        self._open_movement()

    def _open_filing(self) -> None:
        """What citizens hand in, and those who have to do something about it."""
        self.materials = Materials(
            database=self.database,
            crypto=self.crypto,
            now=lambda: self.settings.now,
            disk=Disk(self.home, lambda: self.settings.now.hub.materials),
            clock=self.clock,
            licence=self._licence_copy,
        )
        self.outbox = Outbox(
            database=Database(self.database.url, pool_size=_SENDERS),
            gateway=self.gateway,
            systems=self.systems,
            jobs=self.jobs,
            crypto=self.crypto,
            clock=self.clock,
            per_minute=lambda id: self.settings.now.systems[id].per_minute,
            moved=self._filing_moved,
            read_paper=self.materials.read,
            times=self.filing_times,
            watch=self.filing_watch,
        )
        self.filings = self.outbox.filings
        self.tasks = Tasks(self.crypto, self.clock, self.workdays, lambda: self.settings.now, self._task_moved)
        self.appeals = Appeals(
            self.crypto, self.clock, self.workdays, lambda: self.settings.now.appeals, self.messages.tell
        )

    def _open_cases(self) -> None:
        seams = Seams(
            colleagues=self._who_handles_cases, holds_licence=self._holds_licence, filings=self.filings,
            materials=self.materials, messages=self.messages, tasks=self.tasks,
        )  # fmt: skip
        self.cases = Cases(lambda: self.settings.now, self.crypto, self.clock, self.workdays, seams)
        self.accepting = Accepting(self.database)
        self.health_code = open_health_code(
            home=self.home, database=self.database, line=self.line, crypto=self.crypto, signing=self.signing,
            exchanges=self.exchanges, identity=self.identity, clock=self.clock, now=lambda: self.settings.now,
            tell=self.messages.tell, begin=self.login.begin_staff, scanned=self._scanned,
            told=self.metrics.scans,
        )  # fmt: skip

    def _who_handles_cases(self, session: Session, office: str) -> dict[str, str]:
        roles = [role for role, may in self.settings.now.roles.items() if "case.write" in may]
        return {each.staff_id: each.username for each in self.accounts.on_duty(session, roles, ("", office))}

    def _open_movement(self) -> None:
        """Who went where: counted for everybody, traced by order only."""
        looks = self.ledger.looks(self.exchanges, self.messages.tell)
        self.flow = Flow(
            self.database, self.line, self.crypto, looks, self.clock,
            terms=lambda: self.settings.now.hub.flow, citizen_of=self.identity.citizen_of,
        )  # fmt: skip
        self.tracing = Tracing(self.crypto, self.clock, self.tasks, lambda: self.settings.now, self.identity, looks)

    @classmethod
    def open(cls, home: Path, environ: Mapping[str, str]) -> Hub:
        """Raises Unusable (configuration) or Missing (a secret of the hub itself)."""
        return cls(home, environ)

    def start(self) -> None:
        self.settings.watch()
        self.crypto.warm()
        self.switches.start()
        self.fresh.start()
        self.exchanges.start()
        self.gateway.start()
        self.unmapped.start()
        self.health_code.start()
        self.systems.warm()

    def close(self) -> None:
        self.push.close()
        self.records.close()
        self.health_code.close()
        self.settings.stop()
        self.switches.stop()
        self.fresh.stop()
        self.gateway.close()
        self.exchanges.close()
        self.outbox.close()
        self.systems.close()
        self.unmapped.close()
        self.line.close()
        self.database.close()

    def _brought(self, session: Session, system: str, records: Sequence[Record]) -> Sequence[BadRow]:
        """What departments tell by themselves: of messages, of cases, of where people were."""
        self.push.receipts(session, system, records)
        self.tracing.brought(session, system, records)
        return self.cases.department.told(session, system, records)

    def _task_moved(self, session: Session, moved: TaskMoved) -> None:
        """Whoever assigned a task goes on from here; a trace looks for itself."""
        if moved.kind == RECHECK:
            self.recognition.rechecking.answered(session, moved.about, moved.answer, moved.office)
        elif moved.kind != TRACING:
            self.cases.task_moved(session, moved)

    def _scanned(self, session: Session, passed: Sequence[Passed]) -> None:
        """Whoever went through a gate is counted, and is found there by whoever has an order."""
        tag = self.flow.tag
        self.flow.crossed([Crossing(p.id, p.gate.region, p.gate.id, p.way, p.at, tag(p.id_number)) for p in passed])
        self.tracing.take(session, (at_gate(each.id, each.gate, each.at, each.name, each.id_number) for each in passed))

    def _registered(self, citizen_id: str) -> Registered | None:
        if synthetic := persona(self.settings.now, citizen_id):
            return synthetic
        with self.database.read() as connection:
            return self.identity.registered(connection, citizen_id)

    def _filing_moved(self, session: Session, moved: Moved) -> None:
        self.cases.filing_moved(session, moved)

    def _holds_licence(self, session: Session, whose: str, id: str) -> bool:
        person = self.identity.registered(session, whose)
        number = person.id_number if person else self.mandates.number_of(session, whose)
        return any(each.id == id for each in (self.credentials.desk.of_holder(session, number) if number else ()))

    def _ask_wechat(self, operation: str, fields: Mapping[str, Any], trace: Trace) -> Reply:
        return self.gateway.ask("wechat", operation, fields, Caller("hub", 3, "hub"), trace, _LOGIN_S)

    def _ask_register(self, operation: str, fields: Mapping[str, Any], trace: Trace, citizen_id: str) -> Reply:
        """The police's register of persons; the question stands in the citizen's own record."""
        return self.gateway.ask(_REGISTER, operation, fields, Caller(citizen_id, 3, "hub"), trace, _LOGIN_S)

    def _licence_copy(self, caller: Caller, credential_id: str, purpose: str, trace: Trace) -> tuple[str, bytes]:
        """What stands in for a paper: which kind of licence it is, and a signed copy for this purpose."""
        held = self.credentials.one(caller, credential_id, trace)
        return held.type.id, self.credentials.copy(caller, credential_id, None, purpose, _COPY_DAYS, trace).pdf

    def _joined(self, session: Session, visitor: str, citizen_id: str) -> None:
        self.messages.join(session, visitor, citizen_id)
        self.subscriptions.join(session, visitor, citizen_id)

    def _openid_of(self, session: Session, citizen_id: str) -> str | None:
        try:
            return self.login.wechat_user(session, citizen_id)[0]
        except Problem:
            return None
