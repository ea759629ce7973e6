"""What system.yaml says about a form system: its login, its markers, and the pages an operation walks through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate, validates_schema

from adapters.protocols.facts import Facts, OperationFacts, Strict, Words, texts
from adapters.protocols.html_page import Table
from adapters.protocols.maintenance import MaintenanceFacts

_PATH = validate.Regexp(re.compile(r"/[\x21-\x7e]*\Z", re.ASCII), error="is not a path")


class StepFacts(Strict):
    """One request. `send` names the wire fields it posts (none given: all), `carry` the hidden inputs of the page
    before that it posts back. A GET sends nothing: personal values never stand in a URL."""

    method = Words(required=True, validate=validate.OneOf(["get", "post"]))
    path = Words(required=True, validate=_PATH)
    send = fields.List(Words(), load_default=None, allow_none=True)
    carry = texts(load_default=list)

    @validates_schema
    def quiet_get(self, data: dict[str, Any], **_: Any) -> None:
        if data["method"] == "get" and (data["send"] or data["carry"]):
            raise ValidationError("a GET sends no fields", "send")


class TableFacts(Strict):
    """A table of the last page, known by its columns; `empty` is its only cell when there are no rows."""

    columns = texts(required=True)
    empty = Words(load_default="")

    @post_load
    def table(self, data: dict[str, Any], **_: Any) -> Table:
        return Table(tuple(data["columns"]), data["empty"])


class ReadBackFacts(Strict):
    """Where a write is looked up, before and after it is sent: the rows of `list` in the answer of the filing's own
    query; a row is ours when it is equal in all fields of `match`; `receipt` is its number."""

    list_ = Words(data_key="list", attribute="list", required=True)
    match = texts(required=True)
    receipt = Words(required=True)


class PagesFacts(Strict):
    """The last step's page is the answer. Of a write only the last step may change anything. Every label that is mapped
    must be on the page, its value may be blank; `may_lack` lists those that some pages leave out."""

    steps = fields.List(fields.Nested(StepFacts), required=True, validate=validate.Length(1))
    tables = fields.Dict(keys=Words(), values=fields.Nested(TableFacts), load_default=dict)
    may_lack = texts(load_default=list)
    read_back = fields.Nested(ReadBackFacts, load_default=None)

    @validates_schema
    def nothing_to_carry(self, data: dict[str, Any], **_: Any) -> None:
        if data["steps"][0]["carry"]:
            raise ValidationError("the first step has no page before it", "steps")


class FormOperationFacts(OperationFacts):
    form = fields.Nested(PagesFacts, required=True)


class LoginFacts(Strict):
    """`fields` are wire names and the secrets they are filled with; `refused` are marks of a wrong password."""

    path = Words(required=True, validate=_PATH)
    fields_ = fields.Dict(keys=Words(), values=Words(), data_key="fields", attribute="fields", required=True)
    constants = fields.Dict(keys=Words(), values=Words(), load_default=dict)
    refused = texts(required=True)


class SessionFacts(Strict):
    """`serial`: the department keeps the current person in the session. `minutes`: how long a login is trusted."""

    serial = fields.Boolean(required=True)
    minutes = fields.Integer(strict=True, load_default=20, validate=validate.Range(1, 1440))


class FormFacts(Strict):
    """`lost` are marks of every page that means "not logged in"; `message` the id of the element that carries the
    department's word on a request."""

    login = fields.Nested(LoginFacts, required=True)
    session = fields.Nested(SessionFacts, required=True)
    lost = texts(required=True)
    maintenance = fields.Nested(MaintenanceFacts, load_default=None)
    message = Words(load_default="")


class FACTS(Facts):
    """Offered by every protocol under this name."""

    form = fields.Nested(FormFacts, required=True)
    operations = fields.Dict(keys=Words(), values=fields.Nested(FormOperationFacts), required=True)

    @validates_schema
    def read_backs(self, data: dict[str, Any], **_: Any) -> None:
        for name, operation in data["operations"].items():
            back = operation["form"]["read_back"]
            if back is None:
                continue
            query = data["operations"].get((data["filing"] or {}).get("query"))
            if operation["kind"] != "write" or query is None:
                raise ValidationError({"operations": {name: ["only a write whose filing names a query is read back"]}})
            known: Mapping[str, Any] = query["answer"]["lists"].get(back["list"], {}).get("fields", {})
            if {*back["match"], back["receipt"]} - known.keys():
                raise ValidationError({"operations": {name: ["a field is not in the list of the filing's query"]}})
