"""The guard of every operations view: the permission first, and a record of the act, of refused ones too.

Who is not signed in as staff leaves a log line only: strangers must not be able to fill the table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from flask import g

from blueprints import asking
from blueprints.auth import caller, require_permission, the_hub
from blueprints.problems import translate
from hub.errors import Problem
from hub.operations.service import Act, record
from hub.settings.pieces import IDENTIFIER

if TYPE_CHECKING:
    from hub.login.service import Principal

View = TypeVar("View", bound=Callable[..., Any])
_log = structlog.get_logger("operations")


def recorded(permission: str, target: str = "", only_refusals: bool = False) -> Callable[[View], View]:
    """Lets in who has the permission, and records what came of it. `target` names the view's arguments in braces.

    `only_refusals` is for looks that a console takes every few seconds and that touch no person.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **names: Any) -> Any:
            g.act = {}
            outcome = "OK"
            try:
                require_permission(permission)
                return view(*args, **names)
            except Exception as error:
                outcome = translate(error).code
                raise
            finally:
                if outcome != "OK" or not only_refusals:
                    _record(permission, target.format(**names), outcome)

        return guarded  # type: ignore[return-value]

    return guard


def noting(**what: Any) -> None:
    """Adds target, reason, before or after to the record of the act at hand."""
    g.act.update(what)


def ordered(form: Mapping[str, Any]) -> datetime | None:
    """Adds order and area of a look to the record of the act. Until when it stays out of people's own records is for
    staff with a permission of its own; None: it stands there at once."""
    noting(after={name: form[name] for name in ("order_no", "regions", "sealed_until") if name in form})
    if "sealed_until" not in form:
        return None
    require_permission("order.seal")
    return datetime.fromisoformat(form["sealed_until"])


def _record(permission: str, target: str, outcome: str) -> None:
    principal = _staff()
    what = {"target": target, **g.act}
    what["target"] = _named(what["target"], outcome == "OK" or "target" in g.act)
    _log.info("act", kind=permission, code=outcome, actor=principal.citizen_id if principal else "",
              note=what["target"], trace_id=asking.trace().id)  # fmt: skip
    if principal is None:
        return
    hub = the_hub()
    act = Act(hub.clock.now(), principal.citizen_id, principal.roles, permission, outcome=outcome,
              trace_id=asking.trace().id, **what)  # fmt: skip
    try:
        with hub.database.session() as session:
            record(session, act)
    except Problem as problem:  # what was done is done, and its own history has it
        _log.error("act_not_recorded", code=problem.code, kind=permission, trace_id=asking.trace().id)


def _named(target: str, found: bool) -> str:
    """What stands in a path may be anybody's number: it is written down only where it was found, or where it could be
    the name of a service, a system, a gate or an account."""
    kind, _, id = target.partition(":")
    if kind in ("service", "system", "staff", "gate"):
        return target if IDENTIFIER.fullmatch(id) else f"{kind}:?"
    return target if found or not id else f"{kind}:?"


def _staff() -> Principal | None:
    try:
        principal = caller()
    except Problem:
        return None
    return principal if principal.kind == "staff" else None
