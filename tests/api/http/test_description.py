"""The document says of every route what it takes."""

import pytest
from jsonschema import Draft202012Validator
from litestar import get

from api.documents.openapi import openapi_document
from api.http.description import named_refusals
from border.core.refusal import REFUSALS


def test_every_write_says_what_it_takes() -> None:
    document = openapi_document()
    optional = set()
    for path, item in document["paths"].items():
        for method in set(item) & {"post", "patch", "put"}:
            body = item[method]["requestBody"]
            assert all(media["schema"] for media in body["content"].values()), path
            if not body["required"]:
                optional.add(item[method]["operationId"])
    assert optional == {
        "logout",
        "lodge_declaration",
        "move_declaration",
        "cancel_booking",
        "accept_displacement",
        "accept_offer",
        "see_live",
        "leave_live",
        "approve_override",
        "decline_override",
        "withdraw_call",
        "decline_offer",
        "withdraw_from_waitlist",
        "revoke_right",
        "discard_declaration_file",
        "cancel_payment",
        "vietqr_webhook",
        "portal_confirm",
        "move_refund",
        "move_payment_exception",
        "move_reopening",
    }
    photo = document["paths"]["/api/v1/scans/photo"]["post"]["requestBody"]["content"]
    assert set(photo) == {"image/jpeg", "image/png", "image/webp", "multipart/form-data"}


def test_every_body_is_shown_by_examples_that_its_shape_takes() -> None:
    document = openapi_document()
    bare = set()
    for item in document["paths"].values():
        for operation in item.values():
            content = operation.get("requestBody", {}).get("content", {})
            if (media := content.get("application/json")) is None:
                continue
            shape = Draft202012Validator(media["schema"] | {"components": document["components"]})
            for name, shown in media.get("examples", {}).items():
                wrong = [error.message for error in shape.iter_errors(shown["value"])]
                assert not wrong, (operation["operationId"], name)
            if not media.get("examples") and "Nothing in it" not in str(media["schema"]):
                bare.add(operation["operationId"])
    assert bare == {"login", "vietqr_webhook", "portal_confirm"}


def test_a_list_of_any_length_says_once_what_is_in_it() -> None:
    shapes = openapi_document()["components"]["schemas"]
    listed = shapes["BookingRequest"]["properties"]["declaration_ids"]
    assert listed["items"] == {"type": "string", "format": "uuid"}


def test_every_route_says_which_refusals_it_answers_with() -> None:
    document = openapi_document()
    for path, item in document["paths"].items():
        for method, operation in item.items():
            for status, answer in operation["responses"].items():
                if status < "400" or "application/problem+json" not in answer["content"]:
                    continue
                problem, code = answer["content"]["application/problem+json"]["schema"]["allOf"]
                assert problem == {"$ref": "#/components/schemas/Problem"}
                codes = code["properties"]["code"]["enum"]
                assert {REFUSALS[one].status for one in codes} == {int(status)}, (path, method)
            assert "500" in operation["responses"], path
            if path.startswith("/api/v1/"):
                assert {"400", "401", "503"} <= set(operation["responses"]), path
    booking = document["paths"]["/api/v1/slots/{slot_id}/bookings"]["post"]["responses"]
    said = booking["409"]["content"]["application/problem+json"]["schema"]["allOf"][1]
    assert {"slot_full", "vehicle_already_booked"} <= set(said["properties"]["code"]["enum"])
    assert {"409", "413", "415", "422"} <= set(booking)
    assert set(document["paths"]["/api/v1/gates"]["get"]["responses"]) & {"403", "404"} == set()


@pytest.mark.parametrize(
    "says", ["Do it. refuses: no_such_refusal.", "Do it. refuses: whatever comes (or not)."]
)
def test_a_docstring_that_names_an_unknown_refusal_is_found(says: str) -> None:
    async def done() -> None: ...

    done.__doc__ = says
    with pytest.raises(LookupError):
        named_refusals(get("/", verb="gate.read")(done))
