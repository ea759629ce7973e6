"""Every operation of the OpenAPI with made-up input, twins running: no 500 and no undocumented status."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, status_code_conformance

from tests.town import Town

CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance)
# These are honest answers of a department that fails or is switched off; they are documented, and no fault of ours.
HONEST = {502, 503, 504}


@pytest.fixture(scope="module")
def api(town: Town) -> Any:
    town.heal()
    return schemathesis.openapi.from_url(f"{town.base_url}/openapi.json")


schema = schemathesis.pytest.from_fixture("api")


@schema.parametrize()
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
def test_no_500_and_no_undocumented_status(case: Any, town: Town) -> None:
    if case.operation.path == "/api/v1/sessions/current":
        pytest.skip("would end the session the others use")
    token = town.staff("operator").token if case.operation.path.startswith("/ops/") else town.phone().token
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
    response = case.call(base_url=town.base_url)
    checks = CHECKS[1:] if response.status_code in HONEST else CHECKS
    case.validate_response(response, checks=list(checks))
