"""Whatever anybody sends to any address, the answer is one that the OpenAPI document describes.

A client that knows nothing but the document makes the requests up, well formed and otherwise. The
application answers in this process, on its real database. The stream of events has no end and is
tested where it is served.
"""

from contextlib import suppress
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from api.documents.openapi import openapi_document

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
ENDLESS = {"stream_events"}
EXAMPLES = 3
"""Of each kind, well formed and not, for each operation."""


def cases(operation: Any, mode: GenerationMode) -> list[Case]:
    """Return some requests to an operation; the same ones at every run."""
    found: list[Case] = []

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def find(case: Case) -> None:
        found.append(case)

    # To what takes nothing nothing wrong can be sent.
    with suppress(Unsatisfiable):
        find()
    return found


@pytest.fixture(scope="module")
def requests_made() -> dict[str, list[Case]]:
    """The requests to every operation that ends, by its name; made once for all roles."""
    schema = schemathesis.openapi.from_dict(openapi_document())
    operations = [found.ok() for found in schema.get_all_operations()]
    return {
        operation.label: [
            case
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
            for case in cases(operation, mode)
        ]
        for operation in operations
        if operation.definition.raw["operationId"] not in ENDLESS
    }


async def sent(client: httpx.AsyncClient, case: Case) -> httpx.Response:
    """Send a request as the document's client wrote it."""
    written = requests.Request(**case.as_transport_kwargs(base_url="http://gate.test")).prepare()
    headers = {name: str(value) for name, value in written.headers.items()}
    body = written.body.encode() if isinstance(written.body, str) else written.body
    return await client.request(
        str(written.method), str(written.url), headers=headers, content=body
    )


@pytest.mark.parametrize("role", ["nobody", "trader", "officer", "manager"])
async def test_no_answer_is_outside_the_document(
    running: Any, requests_made: dict[str, list[Case]], role: str, subtests: pytest.Subtests
) -> None:
    client = running.client if role == "nobody" else (await running.sign_in(role)).client
    for name, made in requests_made.items():
        with subtests.test(name):
            for case in made:
                case.validate_response(await sent(client, case), checks=CHECKS)
    assert sum(map(len, requests_made.values())) > 250
