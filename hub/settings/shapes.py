"""What the checked configuration looks like in memory: frozen, complete, already validated. Reading it is elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from hub.settings.health_code_shapes import HealthCode
from hub.settings.movement_shapes import Channel, Flow
from hub.settings.recognition_shapes import Recognition
from hub.settings.sharing_shapes import Sharing
from hub.settings.workflow_shapes import Workflow
from hub.workdays import Wait

if TYPE_CHECKING:
    from hub.settings.bundle_shapes import Bundle

Text = Mapping[str, str]
"""A text by language: {"zh": …, "en": …}; zh is always there."""


@dataclass(frozen=True, slots=True)
class Maintenance:
    """An announced window; citizens read `notice` before and during it."""

    starts_at: datetime
    ends_at: datetime
    notice: Text


@dataclass(frozen=True, slots=True)
class Rollout:
    """Who may use it: `percent` of the citizens (the same ones always), or of these regions, or on this list."""

    percent: int = 100
    regions: tuple[str, ...] = ()
    citizens: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Switch:
    """The state of a service or a system: `enabled`, the notice shown, the window, who may.

    `draw` names what is drawn for in a rollout by percent, so that not the same citizens come first everywhere.
    """

    enabled: bool = True
    notice: Text = field(default_factory=dict)
    maintenance: Maintenance | None = None
    rollout: Rollout = Rollout()
    draw: str = ""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a service's form. `type` is a name of hub.fields.TYPES; `data_class` 1-4 (security.md 6)."""

    name: str
    type: str
    label: Text
    data_class: int
    required: bool = False
    max: int | None = None
    min: int | None = None
    choices: tuple[str, ...] = ()
    help: Text = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Synthetic:
    """The synthetic citizen of a service: a persona of hub.yaml, and what it puts into the form."""

    persona: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person has to consent to before this service reads: these fields, for this purpose, under this text.
    `sha256` is that of each language's text in UTF-8, in hexadecimal."""

    purpose: str
    fields: tuple[str, ...]
    text: Text
    version: str
    sha256: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Uploads:
    """What one paper may be where it goes: size, forms, pages of a PDF."""

    max_bytes: int
    media_types: tuple[str, ...]
    max_pages: int


@dataclass(frozen=True, slots=True)
class Service:
    """One service (事项) as `config/services/<id>.yaml` declares it.

    `system` and `operation` say what it runs on; `parts` names the services a batch service puts together instead.
    `subject` lists the form fields (id_number, name; credit_code of a company) that the hub fills with the registered
    values of the caller, or of who is represented.
    `cache_s` and `stale_s` are seconds: how long an answer is fresh, and how long it may still be shown, marked
    stale, when the department fails. 0 means never. Of an application, `workflow` says how its cases are handled, and
    the values of the fields `once_by` (none: the law allows several) which two are the same.
    """

    id: str
    title: Text
    department: str
    kind: str  # query | application | payment | appointment | link
    themes: tuple[str, ...]
    audience: str  # person | company | both
    region: str
    level: int
    data_class: int
    system: str | None = None
    operation: str | None = None
    parts: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    purpose: Text = field(default_factory=dict)
    form: tuple[FormField, ...] = ()
    aliases: tuple[str, ...] = ()
    codes: Mapping[str, str] = field(default_factory=dict)
    guide: Mapping[str, Any] = field(default_factory=dict)
    link: str | None = None
    version: str = "1"
    effective_from: str | None = None
    effective_until: str | None = None
    cache_s: int = 0
    stale_s: int = 0
    per_minute: int = 60
    record: str = ""  # body | metadata | nothing; empty: as its data class says
    synthetic: Synthetic | None = None
    consent: Consent | None = None
    uploads: Mapping[str, Any] = field(default_factory=dict)  # where it is stricter than its department
    workflow: str = ""
    once_by: tuple[str, ...] = ()
    heard_days: int = 1  # working days within which the department's system has to acknowledge an application
    switch: Switch = Switch()


@dataclass(frozen=True, slots=True)
class System:
    """One departmental system as `config/systems.yaml` attaches it (address, secrets, limits, switch).

    `cap` is the bulkhead per worker; `deadline_s` the total seconds of a read; `secrets` are resolved values.
    """

    id: str
    address: str
    switch: Switch = Switch()
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: Mapping[str, Any] = field(default_factory=dict)
    allow_private: bool = False
    cap: int = 8
    deadline_s: float = 3.0
    per_minute: int = 0  # 0: no budget of its own
    expires: Mapping[str, date] = field(default_factory=dict)  # what of it (a password, a certificate) ends when


@dataclass(frozen=True, slots=True)
class Department:
    id: str
    name: Text
    short_name: Text
    credit_code: str = ""
    region: str = ""
    phone: str = ""
    uploads: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Theme:
    id: str
    name: Text


@dataclass(frozen=True, slots=True)
class Licence:
    """One kind of electronic licence. `type_code` is the definer's credit code and three digits; `fields` are what it
    says, each with its label. With `system` and `operation` its issuer keeps it; else the hub's own desk issues it.
    `public`: anyone may check one that is shown, without a role. `companies`: a company can hold one, too."""

    id: str
    title: Text
    department: str
    type_code: str
    fields: Mapping[str, Text]
    public: bool = False
    companies: bool = False
    days: int = 1825
    system: str | None = None
    operation: str | None = None


COMMUNITY = "community"


@dataclass(frozen=True, slots=True)
class TaskKind:
    """What an office may be asked to do, the answers it may give, and when its silence becomes a card. `office`: that
    of the place it is about (COMMUNITY), the town it lies in (PLACE), or a department."""

    id: str
    title: Text
    answers: Mapping[str, Text]
    yellow: Wait
    red: Wait
    per_week: int = 40
    office: str = COMMUNITY


@dataclass(frozen=True, slots=True)
class WeChatTemplate:
    """A subscribe message: its template and, for each field of it, a text with {values}."""

    template_id: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Template:
    """One thing a citizen is told. `values` are what is filled in for {name}, with the most characters of each.

    Beyond the inbox it goes as a subscribe message where there is `wechat`, as an SMS where there is `sms`, and is told
    by telephone where nothing else got through and `phone` says so. `urgent` ones go first.
    """

    id: str
    title: Text
    text: Text
    values: Mapping[str, int] = field(default_factory=dict)
    page: str = ""
    urgent: bool = False
    wechat: WeChatTemplate | None = None
    sms: str = ""
    phone: bool = False


PLACE = "place"
"""In the stead of an office: the town of the place that an appeal or clue is about."""


@dataclass(frozen=True, slots=True)
class AppealRule:
    """One of these words in the text: this office has it. `place`: the town of the place it is about."""

    id: str
    words: tuple[str, ...]
    office: str


@dataclass(frozen=True, slots=True)
class AppealKind:
    rules: tuple[AppealRule, ...]
    otherwise: str
    yellow: Wait
    red: Wait


@dataclass(frozen=True, slots=True)
class Alike:
    """When two clues may be the same."""

    hours: int = 72
    metres: int = 300
    percent: int = 50


@dataclass(frozen=True, slots=True)
class Appeals:
    """Where appeals and clues go (`kinds`), and who is told when an office is silent."""

    kinds: Mapping[str, AppealKind] = field(default_factory=dict)
    supervisor: str = ""
    alike: Alike = Alike()


@dataclass(frozen=True, slots=True)
class Region:
    code: str
    name: Text
    schemes: Mapping[str, str] = field(default_factory=dict)  # code scheme -> validator name


@dataclass(frozen=True, slots=True)
class Materials:
    """Papers that citizens upload. `scanner`: where clamd listens, or none. A paper is offered again for so many
    months; one that was never handed in ends after `unused_days`, one that was, `keep_days` after its last case. Above
    these percents of the disk no papers are taken, and no submissions."""

    max_kb: int = 10_240
    quota_mb: int = 200
    most_files: int = 300
    scanner: str = "none"
    offer_months: int = 12
    unused_days: int = 30
    keep_days: int = 365
    disk_papers: int = 85
    disk_submissions: int = 92


@dataclass(frozen=True, slots=True)
class Oidc:
    """The county's own issuer of staff identities."""

    issuer: str
    client_id: str
    redirect_uri: str
    client_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Peak:
    """`mode` auto: what can wait is refused while a worker is later than `late_ms`. always: history, pictures
    and statistics are refused without that, too. never: only beyond max_in_flight, all alike."""

    mode: str = "auto"
    late_ms: int = 20


@dataclass(frozen=True, slots=True)
class Hub:
    """`config/hub.yaml`: what concerns the whole hub."""

    name: Text
    region: str
    hosts: tuple[str, ...]
    trusted_proxies: tuple[str, ...] = ()
    ops_listener: str = "same"  # same | own
    access_seconds: int = 900
    refresh_days: int = 30
    token_keys: Mapping[str, str] = field(default_factory=dict, repr=False)  # key id -> secret; the first signs
    seal_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    sign_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    suite: str = "intl"  # intl: AES-256-GCM, HMAC-SHA-256 | sm: SM4-GCM, HMAC-SM3
    hotline: str = "12345"
    max_in_flight: int = 220
    peak: Peak = Peak()
    staff_hours: int = 8
    minimum_client: str = ""
    leg_days: tuple[int, int, int, int] = (7, 7, 0, 0)  # of data class 1-4: how long question and answer are kept
    failed_leg_days: int = 7
    probe_minutes: int = 15
    oidc: Oidc | None = None
    guardianship: str = ""  # the service that shows the members of the caller's household
    personas: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)  # id_number and name
    parties: Mapping[str, str] = field(default_factory=dict)  # department -> the public key it countersigns with
    signers: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)  # department -> its key ring
    witnesses: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # of the ledger: address and key
    stamping: Mapping[str, str] | None = None  # who stamps times: address and roots; empty: named, but not to be found
    materials: Materials = Materials()
    flow: Flow = Flow()  # noqa: RUF009
    sighting_days: int = 21


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One whole, valid configuration. Replaced at once, never changed."""

    version: str  # digest of the files
    loaded_at: datetime
    hub: Hub
    services: Mapping[str, Service]
    systems: Mapping[str, System]
    departments: Mapping[str, Department]
    themes: Mapping[str, Theme]
    regions: Mapping[str, Region]
    roles: Mapping[str, tuple[str, ...]]  # role -> permissions
    texts: Mapping[str, Text]  # problem code -> sentence that replaces the built-in one
    licences: Mapping[str, Licence] = field(default_factory=dict)
    bundles: Mapping[str, Bundle] = field(default_factory=dict)
    tasks: Mapping[str, TaskKind] = field(default_factory=dict)
    appeals: Appeals = Appeals()
    channels: Mapping[str, Channel] = field(default_factory=dict)
    sharing: Sharing = Sharing()  # noqa: RUF009
    recognition: Recognition = Recognition()  # noqa: RUF009
    messages: Mapping[str, Template] = field(default_factory=dict)
    workflows: Mapping[str, Workflow] = field(default_factory=dict)
    health_code: HealthCode | None = None  # no file: there is no health code
    not_started: Mapping[str, str] = field(default_factory=dict)  # system -> why, with file:line:column
