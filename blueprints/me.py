"""The citizen's own record: the way up to a real name and a face, prefilled forms, the access copy, and its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import marshmallow
from flask import Response
from marshmallow import fields

from blueprints import asking
from blueprints.auth import require
from blueprints.contract import DEPARTMENT, SIGNED_IN, Blueprint, answer, problem_codes
from blueprints.login import CITIZEN, PrefilledAnswer, SessionAnswer, prefilled, session_answer
from hub.catalogue.forms import names
from hub.errors import Problem
from hub.fields import Form, IdNumber, Name, Text

if TYPE_CHECKING:
    from hub.identity.service import Prefilled, Profile
    from hub.main import Hub

_CITIZEN = (*SIGNED_IN, "ROLE_REQUIRED", "NOT_FOUND", "KEY_UNAVAILABLE")
_COPY_LEVEL = 3
DELETED = (
    "name", "id_number", "phone", "address", "wechat", "messages", "materials", "sessions", "licence_copies",
    "shown_licences", "health_code", "drafts", "stored_answers", "carried_facts",
)  # fmt: skip
ENDED = ("mandates", "consents")
# What stays after a citizen has gone, and why. No value that names a person is among it.
_KEPT = (
    {
        "what": {"zh": "交换记录（不含个人信息）", "en": "Records of exchanges, without any personal value"},
        "why": {"zh": "个人信息保护法第五十六条：至少保存三年", "en": "PIPL article 56: three years at least"},
    },
    {
        "what": {
            "zh": "登录、操作与证照核验的日志（仅编号）",
            "en": "Logs of sign-ins and acts, and of who checked a licence, by opaque id only",
        },
        "why": {"zh": "网络安全法：至少保存六个月", "en": "Cybersecurity Law: six months at least"},
    },
    {
        "what": {"zh": "已提交的办件、诉求和线索", "en": "Applications, appeals and clues that were handed in"},
        "why": {
            "zh": "档案法、政务服务电子文件归档和电子档案管理办法：属办理部门的档案",
            "en": "They are the office's files under the Archives Law",
        },
    },
    {
        "what": {"zh": "在办事项的材料", "en": "Papers of cases that are not decided yet"},
        "why": {"zh": "办结前部门仍需使用，办结后按期限删除", "en": "An office still needs them"},
    },
    {
        "what": {
            "zh": "行踪记录：出入口、车次等渠道所报（加密）",
            "en": "Where I was, as gates and other channels told it (sealed)",
        },
        "why": {
            "zh": "传染病防治法：流行病学调查需要；无命令任何人不得查看，数周后自动删除",
            "en": "For tracing infections, by law; nobody sees it without an order, and it ends by itself within weeks",
        },
    },
    {
        "what": {"zh": "已终止的授权和已撤回的同意", "en": "Mandates that ended and consents that were withdrawn"},
        "why": {
            "zh": "民法典第一百八十八条：授权凭证至少保存三年；个人信息保护法第十四条、第六十九条：同意须可证明",
            "en": "Civil Code article 188: proof for three years; PIPL articles 14, 69: consent must be provable",
        },
    },
    {
        "what": {"zh": "本人持有的电子证照", "en": "The licences I hold"},
        "why": {"zh": "属发证机关的法定登记，请向发证机关申请", "en": "The issuer's register by law; please ask there"},
    },
    {
        "what": {"zh": "部门登记的档案", "en": "What departments have registered"},
        "why": {"zh": "由各部门依法保存，请向部门申请", "en": "Kept by each under its own law; please ask there"},
    },
)


# A copy of the rest is had where one sees it.
ELSEWHERE = {
    "/api/v1/me/messages": {"zh": "消息", "en": "Messages"},
    "/api/v1/me/materials": {"zh": "材料", "en": "Papers"},
    "/api/v1/cases": {"zh": "办件和草稿", "en": "Applications and drafts"},
    "/api/v1/appeals": {"zh": "诉求和线索", "en": "Appeals and clues"},
    "/api/v1/me/mandates": {"zh": "授权", "en": "Mandates"},
    "/api/v1/me/consents": {"zh": "同意", "en": "Consents"},
    "/api/v1/me/credentials": {"zh": "电子证照", "en": "Licences"},
    "/api/v1/me/access-log": {"zh": "谁查看过我的信息", "en": "Who read what of me"},
    "/api/v1/health-code/history": {"zh": "健康码变化", "en": "What became of my health code"},
}


class PhoneForm(Form):
    """What getPhoneNumber gave: a code, or the sealed data with its iv."""

    code = Text(min=1, max=128)
    encrypted_data = Text(min=1, max=4096)
    iv = Text(min=1, max=64)

    @marshmallow.validates_schema
    def _one_of_them(self, data: dict[str, Any], **_: Any) -> None:
        if ("code" in data) == ("encrypted_data" in data) or ("encrypted_data" in data) != ("iv" in data):
            raise marshmallow.ValidationError("REQUIRED", "code")


class RealNameForm(Form):
    """Name and number as they stand on the card."""

    name = Name(required=True, min=1)
    id_number = IdNumber(required=True)


class FaceForm(Form):
    """The check that was shown to the citizen; what the phone says of it is not asked."""

    verify_id = Text(required=True, min=1, max=128)


class FaceCheckAnswer(marshmallow.Schema):
    """A face check that has begun."""

    verify_id = fields.String(required=True)
    expires_in = fields.Integer(required=True)


class PrefillAnswer(marshmallow.Schema):
    """Each field of a form: what the state knows of it already."""

    fields_ = fields.Dict(keys=fields.String(), values=fields.Nested(PrefilledAnswer), required=True, data_key="fields")


class ElsewhereAnswer(marshmallow.Schema):
    """What else there is of a citizen, and the route that gives it."""

    what = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    path = fields.String(required=True)


class MyDataAnswer(marshmallow.Schema):
    """What is registered of a citizen, in clear, and where the rest of what the hub keeps is had."""

    citizen_id = fields.String(required=True)
    level = fields.Integer(required=True)
    fields_ = fields.Dict(keys=fields.String(), values=fields.Nested(PrefilledAnswer), required=True, data_key="fields")
    elsewhere = fields.List(fields.Nested(ElsewhereAnswer), required=True)
    kept_after_deletion = fields.List(fields.Dict(), required=True)


class GoneAnswer(marshmallow.Schema):
    """What was deleted, and what stays and why."""

    deleted = fields.List(fields.String(), required=True)
    ended = fields.List(fields.String(), required=True)
    kept = fields.List(fields.Dict(), required=True)


def make(hub: Hub) -> Blueprint:
    """The routes below /me that raise the level or hand out the record."""
    blueprint = Blueprint("me", __name__, url_prefix="/api/v1", description="The citizen's own record")
    _way_up(blueprint, hub)
    _face(blueprint, hub)
    _record(blueprint, hub)
    _leaving(blueprint, hub)
    return blueprint


def _way_up(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/me/phone", methods=["POST"])
    @problem_codes(*_CITIZEN, "LOGIN_CODE_USED", "LOGIN_CODE_EXPIRED", "PHONE_PROOF_INVALID", "PHONE_FORMAT")
    @problem_codes("TOO_SHORT", *DEPARTMENT)
    @blueprint.arguments(PhoneForm)
    @blueprint.response(200, SessionAnswer, description="Level 1 at least, with tokens that say so.", example=CITIZEN)
    def prove_phone(form: dict[str, Any]) -> Response:
        """Prove my phone number through WeChat (level 1)"""
        principal = require()
        if "code" in form:
            return answer(session_answer(hub.levels.phone_by_code(principal, form["code"], asking.trace())))
        sealed = form["encrypted_data"], form["iv"]
        return answer(session_answer(hub.levels.phone_by_sealed_data(principal, *sealed)))

    @blueprint.route("/me/real-name", methods=["POST"])
    @problem_codes(*_CITIZEN, "LEVEL_REQUIRED", "IDENTITY_MISMATCH", "IDENTITY_TAKEN", "SUBJECT_BUDGET")
    @problem_codes("STATE_CONFLICT", "NAME_NOT_REPRESENTABLE", "CHAR_FORBIDDEN", *DEPARTMENT)
    @blueprint.arguments(RealNameForm)
    @blueprint.response(
        200, SessionAnswer, description="Level 2; the tokens may be those of the citizen who was known before.",
        example=CITIZEN,
    )  # fmt: skip
    def prove_name(form: dict[str, Any]) -> Response:
        """Prove my name and number at the register of the police (level 2)"""
        principal = require()
        return answer(session_answer(hub.levels.real_name(principal, form["name"], form["id_number"], asking.trace())))


def _face(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/me/face/checks", methods=["POST"])
    @problem_codes(*_CITIZEN, "LEVEL_REQUIRED", *DEPARTMENT)
    @blueprint.response(
        201, FaceCheckAnswer, description="For wx.requestFacialVerify.", example={"verify_id": "v1", "expires_in": 3600}
    )
    def begin_face() -> Response:
        """Begin a face check"""
        verify_id, seconds = hub.levels.begin_face(require(2), asking.trace())
        return answer({"verify_id": verify_id, "expires_in": seconds}, 201)

    @blueprint.route("/me/face", methods=["POST"])
    @problem_codes(*_CITIZEN, "LEVEL_REQUIRED", "IDENTITY_MISMATCH", "TOO_SHORT", *DEPARTMENT)
    @blueprint.arguments(FaceForm)
    @blueprint.response(200, SessionAnswer, description="Level 3.", example={**CITIZEN, "level": 3})
    def prove_face(form: dict[str, Any]) -> Response:
        """Have WeChat's server say what came of the face check (level 3)"""
        return answer(session_answer(hub.levels.face(require(2), form["verify_id"], asking.trace())))


def _record(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/me/forms/<service_id>")
    @problem_codes(*_CITIZEN, "LEVEL_REQUIRED")
    @blueprint.response(200, PrefillAnswer, description="What the hub fills in itself is masked.")
    def prefill(service_id: str) -> Response:
        """What the state knows already of the fields of a service's form"""
        principal = require()
        service = hub.settings.now.services.get(service_id)
        if service is None:
            raise Problem("NOT_FOUND")
        require(service.level)
        with hub.database.session() as session:
            masked = _existing(hub.identity.profile(session, principal.citizen_id))
            clear = _existing(hub.identity.copy(session, principal.citizen_id))
        known = {name: getattr(masked if name in service.subject else clear, name, None) for name in names(service)}
        return answer({"fields": {name: _told(value) for name, value in known.items()}})

    @blueprint.route("/me/data")
    @problem_codes(*_CITIZEN, "LEVEL_REQUIRED")
    @blueprint.response(200, MyDataAnswer, description="In clear; needs a proved face.")
    def copy() -> Response:
        """A copy of everything the hub keeps of me"""
        principal = require(_COPY_LEVEL)
        with hub.database.session() as session:
            profile = _existing(hub.identity.copy(session, principal.citizen_id))
        values = {name: prefilled(getattr(profile, name)) for name in ("name", "id_number", "phone", "address")}
        told = {"citizen_id": principal.citizen_id, "level": profile.level, "fields": values}
        elsewhere = [{"what": what, "path": path} for path, what in ELSEWHERE.items()]
        return answer({**told, "elsewhere": elsewhere, "kept_after_deletion": _KEPT})


def _leaving(blueprint: Blueprint, hub: Hub) -> None:
    going = {"deleted": DELETED, "ended": ENDED, "kept": _KEPT}

    @blueprint.route("/me/leaving")
    @problem_codes(*_CITIZEN)
    @blueprint.response(200, GoneAnswer, description="The same as deleting answers; nothing is deleted.")
    def what_would_go() -> Response:
        """What deleting would delete, and what would stay and why"""
        require()
        return answer(going)

    @blueprint.route("/me", methods=["DELETE"])
    @problem_codes(*_CITIZEN)
    @blueprint.response(200, GoneAnswer, description="Done. Every session of this citizen has ended.")
    def leave() -> Response:
        """Delete what the hub keeps of me"""
        principal = require()
        with hub.database.session() as session:
            hub.messages.erase(session, principal.citizen_id)
            hub.subscriptions.erase(session, principal.citizen_id)
            mandates = hub.mandates.leave(session, principal.citizen_id)
            hub.consents.leave(session, principal.citizen_id)
            hub.cases.leave(session, principal.citizen_id)
            hub.recognition.carrying.leave(session, principal.citizen_id)
            hub.credentials.checking.leave(session, principal.citizen_id)
            hub.health_code.codes.erase(session, principal.citizen_id)
            hub.submissions.erase(session, principal.citizen_id, mandates)
            hub.legs.erase(session, principal.citizen_id, mandates)
            hub.login.erase(session, principal.citizen_id)
            hub.identity.erase(session, principal.citizen_id)
            hub.materials.erase(session, principal.citizen_id)
        hub.login.forget(principal.citizen_id)
        hub.gateway.forget(principal.citizen_id)
        return answer(going)


def _existing(profile: Profile | None) -> Profile:
    if profile is None:
        raise Problem("SESSION_REVOKED")
    return profile


def _told(value: Prefilled | None) -> dict[str, Any]:
    if value is None:  # nobody has told the hub
        return {"value": None, "source": None, "updated_at": None, "classification": 1, "unavailable": True}
    return prefilled(value)
