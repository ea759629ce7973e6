"""The one composition root: every part is made here and handed what it needs. Nothing else wires anything."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from hub.catalogue.service import Catalogue
from hub.clock import Clock
from hub.credentials.service import Credentials
from hub.crypto import Crypto
from hub.database import Database
from hub.fields import TYPES
from hub.gateway.budget import Budget
from hub.gateway.orders import Caller, Registered
from hub.gateway.quotas import Quotas
from hub.gateway.redis_line import RedisLine, connect
from hub.gateway.service import Gateway
from hub.gateway.shared import SharedStore
from hub.identity.accounts import Accounts
from hub.identity.service import Identity
from hub.inbox.service import Inbox
from hub.inspection.service import Inspection, persona
from hub.jobs.service import Jobs
from hub.ledger import Exchanges
from hub.login.levels import Levels
from hub.login.oidc import OidcDoor
from hub.login.proofs import Proofs
from hub.login.service import Login
from hub.mandates.consents import Consents
from hub.mandates.fresh import Fresh
from hub.mandates.service import Mandates
from hub.metrics import Metrics
from hub.port import Reply
from hub.reruns.asking import Asking
from hub.reruns.service import Reruns
from hub.settings import Secrets, Settings
from hub.settings.checks import field_types_known, operations_known
from hub.signing import Signing
from hub.switches.service import Switches
from hub.systems import Systems
from hub.systems.fitting import services_fit, systems_fit
from hub.systems.unmapped import UnmappedWords
from hub.trace import Trace

_CONFIG = Path(__file__).parents[1] / "config"
_LOGIN_S = 3.0
_REGISTER = "household_registration"


class Hub:
    """One per process. `open` makes it, `start` gives it its threads, `close` ends it.

    The environment names the database (HUB_DATABASE_URL), Redis (HUB_REDIS_URL), the folder of the configuration
    (HUB_CONFIG, default: config/ beside the package) and the package of the adapters (HUB_ADAPTERS).
    """

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self.home = home
        self.clock = Clock()
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
        )
        self.settings = Settings(Path(environ.get("HUB_CONFIG", _CONFIG)), secrets, self.clock, checks)
        hub = self.settings.now.hub
        keys = {name: key.encode() for name, key in hub.seal_keys.items()}
        self.crypto = Crypto(keys, hub.suite, lambda: self.settings.now.hub.seal_keys)
        self.signing = Signing(hub.sign_keys, hub.suite)
        self.database = Database(secrets.resolve("env/HUB_DATABASE_URL"))
        self.redis = connect(secrets.resolve("env/HUB_REDIS_URL"))
        self.line = RedisLine(self.redis)
        self.store = SharedStore(self.line, self.crypto)
        self.switches = Switches(self.settings, self.database, self.clock)

    def _open_gateway(self) -> None:
        """The one way out, and what it stands on."""
        self.unmapped = UnmappedWords(self.database)
        self.exchanges = Exchanges(self.database)
        self.identity = Identity(self.crypto, self.clock)
        self.accounts = Accounts(self.crypto, self.clock, self.identity.passwords)
        self.fresh = Fresh(self.database, self.clock)
        self.mandates = Mandates(self.crypto, self.clock, self.identity, self.fresh)
        self.consents = Consents(self.clock, self.fresh)
        self.gateway = Gateway(
            now=lambda: self.switches.now,
            switches=self.switches,
            systems=self.systems,
            exchanges=self.exchanges,
            database=self.database,
            crypto=self.crypto,
            line=self.line,
            metrics=self.metrics,
            clock=self.clock,
            registered=self._registered,
            consent=self.consents.check,
        )
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
        )
        self.quotas = Quotas(lambda: self.switches.now, self.systems, Budget(self.line, self.clock), self.store)
        self.inspection = Inspection(self.database, self.gateway, self.systems, lambda: self.settings.now, self.clock)
        self.jobs = Jobs(self.database)
        self.asking = Asking(self.database, self.gateway, self.legs, lambda: self.settings.now, self.clock)
        self.reruns = Reruns(self.database, self.jobs, self.legs, self.asking, self.clock)
        self.proofs = Proofs(self.line, self.clock)
        self.login = Login(self.settings, self.database, self.crypto, self.clock, self.identity, self._ask_wechat)
        self.credentials = Credentials(
            database=self.database,
            crypto=self.crypto,
            signing=self.signing,
            gateway=self.gateway,
            registered=self._registered,
            now=lambda: self.settings.now,
            clock=self.clock,
        )
        self.levels = Levels(
            self.settings, self.database, self.clock, self.identity, self.login, self._ask_wechat, self._ask_register,
        )  # fmt: skip
        self.oidc = OidcDoor(self.settings, self.database, self.crypto, self.clock, self.accounts, self.login)
        self.catalogue = Catalogue(self.settings, self.switches, self.database, self.clock, self.crypto)

    @classmethod
    def open(cls, home: Path, environ: Mapping[str, str]) -> Hub:
        """Raises Unusable (configuration) or Missing (a secret of the hub itself)."""
        return cls(home, environ)

    def start(self) -> None:
        self.settings.watch()
        self.switches.start()
        self.fresh.start()
        self.exchanges.start()
        self.gateway.start()
        self.unmapped.start()
        self.systems.warm()

    def close(self) -> None:
        self.settings.stop()
        self.switches.stop()
        self.fresh.stop()
        self.gateway.close()
        self.exchanges.close()
        self.systems.close()
        self.unmapped.close()
        self.line.close()
        self.database.close()

    def _registered(self, citizen_id: str) -> Registered | None:
        if synthetic := persona(self.settings.now, citizen_id):
            return synthetic
        with self.database.read() as connection:
            return self.identity.registered(connection, citizen_id)

    def _ask_wechat(self, operation: str, fields: Mapping[str, Any], trace: Trace) -> Reply:
        return self.gateway.ask("wechat", operation, fields, Caller("hub", 3, "hub"), trace, _LOGIN_S)

    def _ask_register(self, operation: str, fields: Mapping[str, Any], trace: Trace, citizen_id: str) -> Reply:
        """The police's register of persons; the question stands in the citizen's own record."""
        return self.gateway.ask(_REGISTER, operation, fields, Caller(citizen_id, 3, "hub"), trace, _LOGIN_S)
