"""The citizen's inbox, and which WeChat messages the citizen allows."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

import marshmallow
from flask import Response, request
from marshmallow import fields

from blueprints import asking
from blueprints.auth import require
from blueprints.contract import SIGNED_IN, Blueprint, Page, answer, paged, problem_codes
from hub.catalogue.cursor import Cursors
from hub.errors import Fault, Problem, invalid
from hub.fields import Choice, Form, Items, Text
from hub.messages.rules import FINAL, OPEN

if TYPE_CHECKING:
    from hub.login.service import Principal
    from hub.main import Hub
    from hub.messages.service import Told

_MINE = (*SIGNED_IN, "ROLE_REQUIRED", "KEY_UNAVAILABLE")


class MessagesAsked(Page):
    """`show=unread`: only what was not read yet."""

    show = Choice(choices=("all", "unread"), load_default="all")


class MessageAnswer(marshmallow.Schema):
    """One message. `about` is what it speaks of (a receipt number), `page` where the client shows that."""

    id = fields.String(required=True)
    kind = fields.String(required=True)
    title = fields.String(required=True)
    text = fields.String(required=True)
    about = fields.String(required=True)
    page = fields.String(required=True)
    created_at = fields.DateTime(required=True)
    read_at = fields.DateTime(required=True, allow_none=True)
    state = fields.String(required=True, metadata={"enum": [*OPEN, *FINAL]})
    channel = fields.String(required=True, metadata={"enum": ["inbox", "wechat", "sms", "phone"]})


class MessagesAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(MessageAnswer), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    unread = fields.Integer(required=True)


class SubscriptionForm(Form):
    """The template ids that the user accepted, once."""

    templates = Items(Text(required=True, min=8, max=64), required=True, min=1, max=10)


class SubscriptionAnswer(marshmallow.Schema):
    """A WeChat template, the kind of message it carries, how many the user still allows."""

    template_id = fields.String(required=True)
    kind = fields.String(required=True)
    left = fields.Integer(required=True)


class SubscriptionsAnswer(marshmallow.Schema):
    items = fields.List(fields.Nested(SubscriptionAnswer), required=True)


SUBSCRIPTIONS = {"items": [{"template_id": "demo-template-case-received", "kind": "case-received", "left": 1}]}
MESSAGE = {
    "id": "m0a1b2c3d4e5f60718293a4b5c6d7e8f9",
    "kind": "case-received",
    "title": "已收到您的申请",
    "text": "您申请的“复工备案”已收到，回执号 BJ2026010500000017。承诺 2026-01-08 前办结。",
    "about": "BJ2026010500000017",
    "page": "pages/cases/one",
    "created_at": "2026-01-05T09:30:00+08:00",
    "read_at": None,
    "state": "delivered",
    "channel": "wechat",
}
READ = {**MESSAGE, "read_at": "2026-01-05T10:02:11+08:00"}


def make(hub: Hub) -> Blueprint:
    """The routes of the inbox."""
    blueprint = Blueprint("messages", __name__, url_prefix="/api/v1/me", description="The citizen's inbox")

    @blueprint.route("/messages")
    @problem_codes(*_MINE, "CHOICE", "PAGE_INVALID")
    @blueprint.arguments(MessagesAsked, location="query")
    @blueprint.response(
        200, MessagesAnswer, description="The newest first; with an ETag, so 304 where nothing is new.",
        example={"items": [MESSAGE], "next_cursor": None, "unread": 1},
    )  # fmt: skip
    def messages(asked: dict[str, Any]) -> Response:
        """My messages"""
        me, cursors = require(), Cursors(hub.settings.now.hub.token_keys)
        question = f"messages {me.citizen_id} {asked['show']}"
        after = _place(cursors.read(question, asked["cursor"], 2)) if "cursor" in asked else None
        with hub.database.session() as session:
            inbox = hub.messages.inbox(session, me.citizen_id)
            tag = _tag(me, inbox.mark)
            if tag in request.if_none_match:
                return _marked(Response(status=304), tag)
            size, unread = asked["page_size"], asked["show"] == "unread"
            found = hub.messages.page(session, me.citizen_id, after, size + 1, unread)

        def place(last: Told) -> str:
            return cursors.write(question, (last.created_at.isoformat(), last.id))

        return _marked(answer({**paged(found, size, _shown, place), "unread": inbox.unread}), tag)

    @blueprint.route("/messages/<string:id>/read", methods=["POST"])
    @problem_codes(*_MINE, "NOT_FOUND")
    @blueprint.response(200, MessageAnswer, description="Read; nothing more is sent for it.", example=READ)
    def read(id: str) -> Response:
        """I have read this one"""
        me = require()
        with hub.database.session() as session:
            return answer(_shown(hub.messages.read(session, me.citizen_id, id)))

    _subscriptions(blueprint, hub)
    return blueprint


def _subscriptions(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/subscriptions")
    @problem_codes(*_MINE)
    @blueprint.response(200, SubscriptionsAnswer, description="One for each template.", example=SUBSCRIPTIONS)
    def subscriptions() -> Response:
        """Which WeChat messages there are, and how many of each I still allow"""
        return answer(_allowed(hub, require()))

    @blueprint.route("/subscriptions", methods=["POST"])
    @problem_codes(*_MINE, "CHOICE", "TOO_SHORT", "TOO_LONG")
    @blueprint.arguments(SubscriptionForm)
    @blueprint.response(200, SubscriptionsAnswer, description="Counted: one message each.", example=SUBSCRIPTIONS)
    def subscribe(form: dict[str, Any]) -> Response:
        """What wx.requestSubscribeMessage was answered with `accept`: one message more of each of these templates"""
        me = require()
        known = {each["template_id"] for each in _templates(hub)}
        faults = [
            Fault(f"templates.{place}", "CHOICE") for place, id in enumerate(form["templates"]) if id not in known
        ]
        if faults:
            raise invalid(faults)
        with hub.database.session() as session:
            hub.subscriptions.allow(session, me.citizen_id, form["templates"])
        return answer(_allowed(hub, me))


def _templates(hub: Hub) -> list[dict[str, Any]]:
    templates = [each for each in hub.settings.now.messages.values() if each.wechat]
    return [{"template_id": each.wechat.template_id, "kind": each.id} for each in templates if each.wechat]


def _allowed(hub: Hub, me: Principal) -> dict[str, Any]:
    with hub.database.session() as session:
        left = hub.subscriptions.left(session, me.citizen_id)
    return {"items": [{**each, "left": left.get(each["template_id"], 0)} for each in _templates(hub)]}


def _shown(told: Told) -> dict[str, Any]:
    words = told.texts[asking.language()]
    kept = ("id", "kind", "about", "page", "created_at", "read_at", "state", "channel")
    return {**words, **{name: getattr(told, name) for name in kept}}


def _tag(me: Principal, mark: str) -> str:
    """Of the inbox as it is, for this question in this language."""
    language = asking.language()
    text = "\0".join((me.citizen_id, mark, language, request.query_string.decode("latin-1")))
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def _marked(response: Response, tag: str) -> Response:
    response.set_etag(tag)
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Vary"] = "Accept-Language, Authorization"
    return response


def _place(parts: list[str]) -> tuple[datetime, str]:
    try:
        return datetime.fromisoformat(parts[0]), parts[1]
    except ValueError:
        raise Problem("PAGE_INVALID") from None
