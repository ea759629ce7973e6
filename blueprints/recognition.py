"""Codes of other regions: the verdict on what is shown, facts that citizens carry themselves, and the desk's rules."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import segno
from flask import Response

from blueprints import asking
from blueprints import recognition_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller, require, require_permission
from blueprints.contract import SIGNED_IN, STAFF, Blueprint, answer, problem_codes
from blueprints.idempotency import idempotent
from blueprints.problems import in_language
from hub.identity.rules import level_required
from hub.recognition.trust import revocation

if TYPE_CHECKING:
    from hub.login.service import Principal
    from hub.main import Hub
    from hub.recognition.deciding import Decision
    from hub.recognition.desk import RuleVersion

_LEVEL = 2
_PEER = ("PEER_FACT_EXPIRED", "PEER_FACT_REPLAYED", "PEER_AUDIENCE", "PEER_SCOPE", "PEER_KEY_UNKNOWN",
         "PEER_FACT_INVALID")  # fmt: skip
_OWN = (*SIGNED_IN, "ROLE_REQUIRED", "LEVEL_REQUIRED", "CONSENT_MISSING")
_RULE = ("FORMAT", "RULE_REGION", "RULE_VERSION", "RULE_NOTICE", "RULE_LOGIC")


def make(hub: Hub) -> Blueprint:
    """The routes of recognition."""
    blueprint = Blueprint("recognition", __name__, url_prefix="/api/v1", description="Codes of other regions")
    _shown(blueprint, hub)
    _carried(blueprint, hub)
    _believed(blueprint, hub)
    _rules(blueprint, hub)
    return blueprint


def _shown(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/recognitions", methods=["POST"])
    @problem_codes(*SIGNED_IN, "ROLE_REQUIRED", "QR_INVALID", "TOO_LONG", "TOO_SHORT")
    @blueprint.arguments(forms.RecognitionForm)
    @blueprint.response(200, forms.RecognitionAnswer, description="By this region's own rules.", example=forms.DECIDED)
    def recognise(form: dict[str, Any]) -> Response:
        """Decide on a code of another region or country"""
        principal = caller()
        if principal.kind != "citizen":
            require_permission("code.verify")
        return answer(_decided(hub, hub.recognition.recognise(form["code"], form["purpose"], principal.citizen_id)))


def _carried(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/recognitions/conversions", methods=["POST"])
    @problem_codes(*_OWN, *_PEER, "QR_INVALID", "IDENTITY_MISMATCH", "TOO_LONG")
    @blueprint.arguments(forms.ConversionForm)
    @blueprint.response(201, forms.ConversionAnswer, description="Used up, and kept here.", example=forms.CONVERTED)
    @idempotent()
    def convert(form: dict[str, Any]) -> Response:
        """Bring my facts from another region; nothing passes between the two"""
        me = require(_LEVEL)
        with hub.database.session() as session:
            made = hub.recognition.carrying.bring(session, me.citizen_id, _number(hub, me), **form)
        shown = {"conversion_id": made.id or None, "kept_until": made.until}
        return answer({**_decided(hub, made.decision), **shown}, 201)

    @blueprint.route("/me/portable-facts", methods=["POST"])
    @problem_codes(*_OWN, "NOT_FOUND", "KEY_UNAVAILABLE")
    @blueprint.arguments(forms.PortableForm)
    @blueprint.response(201, forms.PortableAnswer, description="Good once, for minutes.", example=forms.PORTABLE)
    @idempotent()
    def take(form: dict[str, Any]) -> Response:
        """Take my facts with me, signed; where to is not asked"""
        me = require(_LEVEL)
        with hub.database.session() as session:
            made = hub.recognition.carrying.take(session, me.citizen_id, _number(hub, me), form["consent"])
        drawn = segno.make(made.code, micro=False).svg_inline(scale=3, border=2)
        facts = [dict(fact) for fact in made.facts]
        return answer({"code": made.code, "qr_svg": drawn, "expires_at": made.until, "facts": facts}, 201)


def _believed(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/desk/recognition")
    @recorded("recognition.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(200, forms.StandAnswer, description="Now, on this worker.", example=forms.STAND)
    def stand() -> Response:
        """Whom this region believes, until when, and what needs a person"""
        now = hub.recognition.standing.now()
        return answer(
            {
                "region": now.region,
                "trust_version": now.trust.version,
                "trust_until": now.trust.expires_at,
                "issuers": sorted(now.trust.issuers),
                "revoked": len(now.trust.revoked),
                "looked_at": now.looked_at,
                "offline": now.offline,
                "findings": [asdict(each) for each in hub.recognition.findings()],
            }
        )

    @blueprint.route("/desk/recognition/revocations", methods=["POST"])
    @recorded("recognition.write")
    @problem_codes(*STAFF, "TOO_SHORT", "CHOICE")
    @blueprint.arguments(forms.TrustRevocationForm)
    @blueprint.response(201, forms.TrustRevocationAnswer, description="In force within seconds.", example=forms.REVOKED)
    def revoke(form: dict[str, Any]) -> Response:
        """Refuse a credential, a batch or a key from now on"""
        digest = revocation(form["what"], form["issuer"], form["value"])
        noting(target=f"{form['what']}:{digest}", reason=form["reason"])
        with hub.database.session() as session:
            new = hub.recognition.desk.revoke(session, **form, actor=caller().citizen_id)
        return answer({"digest": digest, "new": new}, 201)


def _rules(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/desk/recognition/rules")
    @recorded("recognition.read", only_refusals=True)
    @problem_codes(*STAFF)
    @blueprint.response(200, forms.RulesAnswer, description="The newest first.", example={"items": [forms.RULE]})
    def rules() -> Response:
        """The rules in all their versions"""
        with hub.database.session() as session:
            return answer({"items": [_rule(each) for each in hub.recognition.desk.versions(session)]})

    @blueprint.route("/desk/recognition/rules", methods=["POST"])
    @recorded("recognition.write")
    @problem_codes(*STAFF, *_RULE, "TOO_SHORT")
    @blueprint.arguments(forms.RuleForm)
    @blueprint.response(201, forms.RuleAnswer, description="Admitted, or waiting for a second.", example=forms.RULE)
    def propose(form: dict[str, Any]) -> Response:
        """Publish a rule 48 hours to two weeks ahead, or an emergency one"""
        noting(reason=form["reason"], after={"emergency": form["emergency"]})
        with hub.database.session() as session:
            made = hub.recognition.desk.propose(session, form["rule"], caller().citizen_id, form["reason"],
                                                form["emergency"])  # fmt: skip
        noting(target=_named(made))
        return answer(_rule(made), 201)

    @blueprint.route("/desk/recognition/rules/<string:identifier>/<string:version>/confirmations", methods=["POST"])
    @recorded("recognition.confirm")
    @problem_codes(*STAFF, "NOT_FOUND", "SECOND_PERSON_REQUIRED", "STATE_CONFLICT")
    @blueprint.response(200, forms.RuleAnswer, description="Admitted.", example=forms.RULE)
    def confirm(identifier: str, version: str) -> Response:
        """Confirm an emergency rule that somebody else wrote"""
        with hub.database.session() as session:
            made = hub.recognition.desk.confirm(session, identifier, version, caller().citizen_id)
        noting(target=_named(made), reason=made.reason)
        return answer(_rule(made))


def _decided(hub: Hub, decision: Decision) -> dict[str, Any]:
    language = asking.language()
    advice = hub.settings.now.recognition.advice.get(decision.verdict, {})
    return {
        "verdict": decision.verdict,
        "reason": decision.reason,
        "advice": in_language(advice, language),
        "issuer": decision.issuer or None,
        "facts": [dict(fact) for fact in decision.facts],
        "rule_version": decision.rule_version or None,
        "rules": list(decision.rules),
        "name_masked": (decision.carried and decision.carried.name_masked) or None,
        "trust_version": decision.trust_version,
        "offline": decision.offline,
        "decided_at": decision.at,
    }


def _number(hub: Hub, me: Principal) -> str:
    with hub.database.read() as connection:
        person = hub.identity.registered(connection, me.citizen_id)
    if person is None:
        raise level_required(_LEVEL, me.level)
    return person.id_number


def _rule(version: RuleVersion) -> dict[str, Any]:
    whole = {name: value for name, value in asdict(version).items() if name != "document"}
    return {"rule": dict(version.document), **whole}


def _named(version: RuleVersion) -> str:
    return f"rule:{version.document['Identifier']}@{version.document['Version']}"
