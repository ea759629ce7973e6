"""A system.yaml of the form and signed REST protocols that is wrong is refused when it is read, where it is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from marshmallow import ValidationError

from tests.protocols.departments import facts_of

Spoil = Callable[[dict[str, Any]], Any]
FORM: dict[str, Spoil] = {
    "a GET that sends fields": lambda f: f["operations"]["query_marriage"]["form"]["steps"][1].update(send=["sfzh"]),
    "a first step that carries": lambda f: f["operations"]["query_marriage"]["form"]["steps"][0].update(carry=["x"]),
    "no steps": lambda f: f["operations"]["query_marriage"]["form"].update(steps=[]),
    "a step with a full address": lambda f: f["operations"]["query_marriage"]["form"]["steps"][1].update(
        path="http://x/"
    ),
    "no form section": lambda f: f["operations"]["query_marriage"].pop("form"),
    "no login": lambda f: f["form"].pop("login"),
    "no marks of a lost session": lambda f: f["form"].update(lost=[]),
    "serial not said": lambda f: f["form"]["session"].pop("serial"),
    "an unknown key": lambda f: f["form"].update(colour="red"),
    "a read that is read back": lambda f: f["operations"]["query_marriage"]["form"].update(
        read_back={"list": "applications", "match": ["kind"], "receipt": "receipt_no"}
    ),
    "read back by a field that is not there": lambda f: f["operations"]["file_assistance_application"]["form"][
        "read_back"
    ].update(match=["colour"]),
    "read back without a query": lambda f: f["filing"].pop("query"),
    "a pattern that is none": lambda f: f["operations"]["query_marriage"]["answer"]["fields"]["name"].update(
        pattern="["
    ),
    "a pattern of a date": lambda f: f["operations"]["query_marriage"]["answer"]["fields"]["registered_on"].update(
        pattern=".*"
    ),
}
SIGNED: dict[str, Spoil] = {
    "a stamp with two sources": lambda f: f["signed_rest"]["stamps"]["X-Nonce"].update(constant="1"),
    "a stamp with none": lambda f: f["signed_rest"]["stamps"]["X-Nonce"].pop("random"),
    "a stamp in the body": lambda f: f["signed_rest"]["stamps"]["X-Nonce"].update({"in": "body"}),
    "a nonce too short": lambda f: f["signed_rest"]["stamps"]["X-Nonce"].update(random=4),
    "no sign section": lambda f: f["signed_rest"].pop("sign"),
    "a signature without a name": lambda f: f["signed_rest"]["sign"].pop("name"),
    "an unknown algorithm": lambda f: f["signed_rest"]["sign"].update(algorithm="crc32"),
    "an order without fields": lambda f: f["signed_rest"]["sign"].pop("fields"),
    "answers signed by nothing": lambda f: f["signed_rest"]["answer_sign"].update(algorithm="none"),
    "a token from nowhere": lambda f: f["signed_rest"]["token"].update(operation="fetch"),
    "a token that needs a token": lambda f: f["operations"]["fetch_token"]["signed_rest"].update(token=True),
    "a token and no result codes": lambda f: f["operations"]["query_vehicles"].pop("outcome"),
    "a stamp that is not declared": lambda f: f["operations"]["query_vehicles"]["signed_rest"].update(stamps=["x"]),
    "a GET with a body": lambda f: f["operations"]["query_vehicles"]["signed_rest"].update(method="get"),
    "a query in the path": lambda f: f["operations"]["query_vehicles"]["signed_rest"].update(path="/a?b=c"),
    "an unknown key": lambda f: f["operations"]["query_vehicles"]["signed_rest"].update(colour="red"),
}


@pytest.mark.parametrize("spoil", FORM.values(), ids=FORM.keys())
def test_a_wrong_form_system(spoil: Spoil) -> None:
    with pytest.raises(ValidationError):
        facts_of("civil_affairs", spoil)


@pytest.mark.parametrize("spoil", SIGNED.values(), ids=SIGNED.keys())
def test_a_wrong_signed_rest_system(spoil: Spoil) -> None:
    with pytest.raises(ValidationError):
        facts_of("vehicle_administration", spoil)


@pytest.mark.parametrize("system", ["civil_affairs", "social_security", "housing_fund", "vehicle_administration"])
def test_the_shipped_ones_are_right(system: str) -> None:
    facts_of(system)
