"""What companies ask for and residents report, from writing it to the answer and its rating; the desk that answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from flask import Response

from blueprints import appeals_forms as forms
from blueprints.acts import noting, recorded
from blueprints.auth import caller, require
from blueprints.contract import IDEMPOTENT, SIGNED_IN, STAFF, Blueprint, Page, answer, paged, problem_codes
from blueprints.idempotency import idempotent
from blueprints.materials_forms import BYTES
from hub.appeals import rules
from hub.appeals.service import Said
from hub.errors import Fault, Problem, invalid
from hub.identity.rules import is_office

if TYPE_CHECKING:
    from hub.appeals.service import Appeal, AppealAct
    from hub.main import Hub

_PHOTO = "photo"
_WRITTEN = (*SIGNED_IN, *IDEMPOTENT, "ROLE_REQUIRED", "TOO_SHORT", "RANGE", "FORMAT", "CHOICE", "TOO_LONG",
            "NOT_FOUND", "FILE_INFECTED", "FILE_UNSCANNED", "FILE_KIND")  # fmt: skip


def make(hub: Hub) -> Blueprint:
    """The routes of appeals and clues."""
    blueprint = Blueprint("appeals", __name__, url_prefix="/api/v1", description="Appeals of companies, clues of all")
    _writing(blueprint, hub)
    _following(blueprint, hub)
    _desk(blueprint, hub)
    _deciding(blueprint, hub)
    return blueprint


def _writing(blueprint: Blueprint, hub: Hub) -> None:
    def submit(kind: rules.Kind, level: int, form: dict[str, Any]) -> Response:
        citizen = require(level).citizen_id
        if not is_office(form["region"], hub.settings.now):
            raise invalid([Fault("region", "CHOICE")])
        wanted = [(_PHOTO, id) for id in form["photos"]]
        with hub.database.session() as session:
            papers = hub.materials.check(session, citizen, wanted, hub.materials.limits())
            said = Said(**{**form, "photos": tuple(paper.file_id for paper in papers)})
            made = hub.appeals.submit(session, kind, citizen, said)
            for id in form["photos"]:
                hub.materials.give(session, citizen, id, made.number, made.office)
            return answer(shown_whole(made), 201)

    @blueprint.route("/appeals", methods=["POST"])
    @problem_codes(*_WRITTEN, "LEVEL_REQUIRED")
    @blueprint.arguments(forms.SaidForm)
    @blueprint.response(201, forms.WholeAppealAnswer, description="Received, and with an office.", example=forms.WHOLE)
    @idempotent()
    def appeal(form: dict[str, Any]) -> Response:
        """Ask an office for help (companies; real name)"""
        return submit("appeal", 2, form)

    @blueprint.route("/clues", methods=["POST"])
    @problem_codes(*_WRITTEN)
    @blueprint.arguments(forms.SaidForm)
    @blueprint.response(201, forms.WholeAppealAnswer, description="Received, and with an office.", example=forms.WHOLE)
    @idempotent()
    def clue(form: dict[str, Any]) -> Response:
        """Report what you saw; no name is asked"""
        return submit("clue", 0, form)


def _following(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/appeals")
    @problem_codes(*SIGNED_IN, "ROLE_REQUIRED", "PAGE_INVALID", "NOT_FOUND")
    @blueprint.arguments(Page, location="query")
    @blueprint.response(
        200, forms.AppealsAnswer, description="The newest first.",
        example={"items": [forms.APPEAL], "next_cursor": None},
    )  # fmt: skip
    def mine(page: dict[str, Any]) -> Response:
        """My appeals and clues"""
        citizen, size = require().citizen_id, page["page_size"]
        with hub.database.session() as session:
            found = hub.appeals.mine(session, citizen, page.get("cursor", ""), size + 1)
        return answer(paged(found, size, _shown, lambda last: last.number))

    @blueprint.route("/appeals/<string:number>")
    @problem_codes(*SIGNED_IN, "ROLE_REQUIRED", "NOT_FOUND")
    @blueprint.response(200, forms.WholeAppealAnswer, description="With what was done.", example=forms.WHOLE)
    def one(number: str) -> Response:
        """One of mine, and the answer"""
        with hub.database.session() as session:
            return answer(shown_whole(hub.appeals.own(session, number, require().citizen_id)))

    @blueprint.route("/appeals/<string:number>/rating", methods=["POST"])
    @problem_codes(*SIGNED_IN, "ROLE_REQUIRED", "NOT_FOUND", "STATE_CONFLICT", "RANGE")
    @blueprint.arguments(forms.RatingForm)
    @blueprint.response(
        200, forms.WholeAppealAnswer, description="Rated; a bad one is open again.", example=forms.WHOLE
    )
    def rate(form: dict[str, Any], number: str) -> Response:
        """Rate the answer, once"""
        with hub.database.session() as session:
            return answer(shown_whole(hub.appeals.rate(session, number, require().citizen_id, form["score"])))


def _desk(blueprint: Blueprint, hub: Hub) -> None:
    @blueprint.route("/desk/appeals")
    @recorded("appeal.read")
    @problem_codes(*STAFF, "PAGE_INVALID", "NOT_FOUND", "CHOICE")
    @blueprint.arguments(forms.DeskPage, location="query")
    @blueprint.response(
        200, forms.DeskAppealsAnswer, description="The most urgent first.",
        example={"items": [forms.DESK], "next_cursor": None},
    )  # fmt: skip
    def listed(page: dict[str, Any]) -> Response:
        """What my office has before it"""
        size, after = page["page_size"], page.get("cursor", "")
        with hub.database.session() as session:
            found = hub.appeals.desk(session, caller().region, page.get("state", ""), after, size + 1)
        return answer(paged(found, size, _for_desk, lambda last: last.number))

    @blueprint.route("/desk/appeals/<string:number>")
    @recorded("appeal.read", "appeal:{number}")
    @problem_codes(*STAFF, "NOT_FOUND")
    @blueprint.response(
        200, forms.WholeDeskAppealAnswer, description="And what may be the same.", example=forms.WHOLE_DESK
    )
    def seen(number: str) -> Response:
        """One appeal or clue"""
        with hub.database.session() as session:
            return answer(_whole_for_desk(hub.appeals.get(session, number, caller().region)))

    @blueprint.route("/desk/appeals/<string:number>/photos/<string:file_id>")
    @recorded("appeal.read", "appeal:{number}")
    @problem_codes(*STAFF, "NOT_FOUND", "FILE_INFECTED", "FILE_UNSCANNED")
    @blueprint.doc(responses={200: BYTES})
    def photo(number: str, file_id: str) -> Response:
        """One of its photos"""
        with hub.database.session() as session:
            if file_id not in hub.appeals.get(session, number, caller().region).said.photos:
                raise Problem("NOT_FOUND")
            return Response(hub.materials.read(session, file_id), mimetype="image/jpeg")


def _deciding(blueprint: Blueprint, hub: Hub) -> None:
    def described(view: Any) -> Any:
        view = blueprint.response(
            200, forms.WholeDeskAppealAnswer, description="As it is now.", example=forms.WHOLE_DESK
        )(view)
        marked = problem_codes(*STAFF, "NOT_FOUND", "STATE_CONFLICT", "TOO_SHORT", "CHOICE")(view)
        return recorded("appeal.write", "appeal:{number}")(marked)

    @blueprint.route("/desk/appeals/<string:number>/answer", methods=["POST"])
    @described
    @blueprint.arguments(forms.AnswerForm)
    def give_answer(form: dict[str, Any], number: str) -> Response:
        """Answer, also to those whose clues were merged into it"""
        staff = caller()
        with hub.database.session() as session:
            done = hub.appeals.answer(session, number, staff.region, staff.citizen_id, form["text"])
            hub.materials.handing.ended(session, number)
            return answer(_whole_for_desk(done))

    @blueprint.route("/desk/appeals/<string:number>/forward", methods=["POST"])
    @described
    @blueprint.arguments(forms.ForwardForm)
    def forward(form: dict[str, Any], number: str) -> Response:
        """Pass it on to the office it belongs to; the clock goes on"""
        staff, to = caller(), form["to"]
        if not is_office(to, hub.settings.now):
            raise invalid([Fault("to", "CHOICE")])
        noting(after={"office": to})
        with hub.database.session() as session:
            done = hub.appeals.forward(session, number, staff.region, staff.citizen_id, to, form["reason"])
            return answer(_whole_for_desk(done))

    @blueprint.route("/desk/appeals/<string:number>/merge", methods=["POST"])
    @described
    @blueprint.arguments(forms.MergeForm)
    def merge(form: dict[str, Any], number: str) -> Response:
        """Say whether it is the same as an earlier clue"""
        staff, into, same = caller(), form["into"], form["same"] == "yes"
        noting(after={"same": same})
        with hub.database.session() as session:
            done = hub.appeals.merge(session, number, staff.region, staff.citizen_id, into, same)
            return answer(_whole_for_desk(done))


def _shown(appeal: Appeal) -> dict[str, Any]:
    said = appeal.said
    return {
        "number": appeal.number, "kind": appeal.kind, "text": said.text, "region": said.region,
        "address": said.address, "latitude": said.latitude, "longitude": said.longitude, "photos": list(said.photos),
        "office": appeal.office,
        "state": appeal.state, "card": appeal.card, "received_at": appeal.received_at, "due_at": appeal.due_at,
        "answered_at": appeal.answered_at, "score": appeal.score,
    }  # fmt: skip


def _act(act: AppealAct) -> dict[str, Any]:
    return {"act": act.act, "office": act.office, "note": act.note, "at": act.at}


def shown_whole(appeal: Appeal) -> dict[str, Any]:
    """As who wrote it sees it. Which clue it was merged into is somebody else's."""
    acts = [_act(act) for act in appeal.acts if act.act not in ("forwarded", "merged")]
    return {**_shown(appeal), "timeline": acts}


def _for_desk(appeal: Appeal) -> dict[str, Any]:
    more = {"raised_to": appeal.raised_to, "rule": appeal.rule, "merged_into": appeal.merged_into}
    return {**_shown(appeal), **more}


def _whole_for_desk(appeal: Appeal) -> dict[str, Any]:
    return {
        **_for_desk(appeal),
        "timeline": [_act(act) for act in appeal.acts],
        "alike": [{"number": number, "percent": percent} for number, percent in appeal.alike],
        "possible": list(rules.possible(appeal.state)),
    }
