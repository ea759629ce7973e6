"""What system.yaml says about a SOAP system: its WSDL, how we sign in, its faults, its odd envelopes."""

from __future__ import annotations

import re
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from adapters.protocols.charset import CHARSETS, LATIN
from adapters.protocols.facts import Facts, OperationFacts, ReasonFacts, Strict, Words, texts
from adapters.protocols.maintenance import MaintenanceFacts

_CHARSETS = (*CHARSETS, LATIN)
_FILE = validate.Regexp(re.compile(r"[A-Za-z0-9_.-]+\Z", re.ASCII), error="is not a file name in the adapter's folder")
_ACTION = validate.Regexp(re.compile(r"[\x21\x23-\x7e]*\Z", re.ASCII), error="is not a SOAPAction")
_PATH = validate.Regexp(re.compile(r"/[\x21-\x7e]*\Z", re.ASCII), error="is not a path")


class CallFacts(Strict):
    """`operation` is its name in the WSDL; `outer` are constants beside an inner document. `action` replaces the
    WSDL's SOAPAction, for systems that want another one, or a present and empty one."""

    operation = Words(required=True)
    action = Words(load_default=None, allow_none=True, validate=_ACTION)
    outer = fields.Dict(keys=Words(), values=Words(), load_default=dict)


class InnerFacts(Strict):
    """A whole XML document, escaped into the text of one element: `element`, and the `root` of the document inside.
    `declaration` is the encoding such a document claims; what counts is the envelope's."""

    element = Words(required=True)
    root = Words(required=True)
    declaration = Words(load_default="GBK")


class InnersFacts(Strict):
    """Without `request` only the answer is such a document."""

    request = fields.Nested(InnerFacts, load_default=None)
    answer = fields.Nested(InnerFacts, required=True)


class FaultsFacts(Strict):
    """Faults by table. A key is the text at `path` below the fault's detail, its code, or its exact text."""

    path = Words(load_default="")
    denied = texts(load_default=list)
    unavailable = texts(load_default=list)
    rejected = fields.Dict(keys=Words(), values=fields.Nested(ReasonFacts), load_default=dict)


class SoapFacts(Strict):
    """`security` is the WS-Security user token; `credentials` put secrets into the body: secret name -> element;
    `header` does so into the header that the WSDL declares (the AuthHeader of .NET services)."""

    wsdl = Words(load_default="service.wsdl", validate=_FILE)
    service = Words(load_default="")
    port = Words(load_default="")
    path = Words(required=True, validate=_PATH)
    security = Words(load_default="none", validate=validate.OneOf(["none", "digest", "text"]))
    credentials = fields.Dict(keys=Words(), values=Words(), load_default=dict)
    header = fields.Dict(keys=Words(), values=Words(), load_default=dict)
    request_encoding = Words(load_default="utf-8", validate=validate.OneOf(_CHARSETS))
    inner = fields.Nested(InnersFacts, load_default=None)
    faults = fields.Nested(FaultsFacts, load_default=lambda: FaultsFacts().load({}))
    maintenance = fields.Nested(MaintenanceFacts, load_default=None)


class SoapOperationFacts(OperationFacts):
    soap = fields.Nested(CallFacts, required=True)


_NO_INNER: Any = {"request": None}


class FACTS(Facts):
    """Offered by every protocol under this name."""

    encoding = Words(required=True, validate=validate.OneOf(_CHARSETS))
    soap = fields.Nested(SoapFacts, required=True)
    operations = fields.Dict(keys=Words(), values=fields.Nested(SoapOperationFacts), required=True)

    @validates_schema
    def outers(self, data: dict[str, Any], **_: Any) -> None:
        for name, operation in data["operations"].items():
            if operation["soap"]["outer"] and not (data["soap"]["inner"] or _NO_INNER)["request"]:
                raise ValidationError({"operations": {name: ["outer constants need an inner document"]}})
