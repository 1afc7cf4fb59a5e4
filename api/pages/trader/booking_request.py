"""What the form of a booking asks for: all that is wrong with it is told at once. Pure."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ValidationError

from api.http.problems import shape_errors
from api.pages.kit.form import nested, ticked
from api.pages.trader.booking_form import (
    EMPTY,
    GRAMS_IN_A_TONNE,
    PREFERENCES,
    Fleet,
    filled,
    form_field,
)
from border.core.refusal import INVALID, FieldError
from border.core.words import N_
from border.files.typed_numbers import WrongNumber, read_units
from logistics.ballot.ballot import EntryRequest
from logistics.booking import MOST_PAYLOAD_G, BookingRequest, check
from logistics.changing.change import ChangeDriver, MoveRequest, SubstituteVehicle
from logistics.standby.standby import StandbyRequest, check_named

R = TypeVar("R", bound=BaseModel)
B = TypeVar("B", bound=BookingRequest)
_NO_HOUR = FieldError("slot_id", "required", N_("Choose a crossing hour."))
_STANDS_IN: Mapping[tuple[str, str], Any] = {
    ("vehicle", "plate"): "24C-000.00",
    ("vehicle", "country"): "VN",
    ("vehicle", "class"): "under_4t",
    ("vehicle", "payload_g"): 1,
    ("driver", "name"): "--",
    ("driver", "document_number"): "----",
}
"""What takes the place of a field that is wrong while the rest is looked at."""


def read_booking(form: Mapping[str, Any], model: type[B], **more: Any) -> tuple[UUID, B]:
    """Return the slot and the request that a form describes. refuses: invalid_fields."""
    slot_id = _uuid(form.get("slot_id"))
    errors = [] if slot_id else [_NO_HOUR]
    request = _asked(model, _request(form, errors) | more, errors)
    assert slot_id is not None
    return slot_id, request


def read_row(row: Mapping[str, Any], fleet: Fleet) -> tuple[UUID, BookingRequest]:
    """Return the slot and the request of a row of several trucks: all of it is chosen.

    refuses: invalid_fields.
    """
    form = filled({name: row.get(name, "") for name in ("truck", "who")}, fleet)
    missing = {
        "truck": ("vehicle.plate", N_("Choose a truck.")),
        "who": ("driver.name", N_("Choose a driver.")),
        "goods": ("goods", N_("Choose the goods, or that the truck is empty.")),
    }
    form |= {"goods": row.get("goods", "")}
    if form.get("vehicle.driverless"):
        missing.pop("who")
    errors = [
        FieldError(name, "required", says)
        for name, (field, says) in missing.items()
        if not form.get(field)
    ]
    if errors:
        raise INVALID(errors=errors)
    goods = form.pop("goods")
    load = {"empty": "yes"} if goods == EMPTY else {"declaration_ids": [goods]}
    return read_booking(form | load | {"slot_id": row.get("slot_id", "")}, BookingRequest)


def read_entry(form: Mapping[str, Any]) -> EntryRequest:
    """Return the entry in a ballot that a form describes. refuses: invalid_fields."""
    errors = list[FieldError]()
    wanted = [_uuid(form.get(f"preferences.{place}")) for place in range(PREFERENCES)]
    if not any(wanted):
        errors.append(FieldError("preferences.0", "required", _NO_HOUR.says))
    given = _request(form, errors) | {"preferences": [id for id in wanted if id]}
    return _asked(EntryRequest, given, errors)


def goods_in(form: Mapping[str, Any]) -> list[str]:
    """Return the names of goods that were typed into one field."""
    return str(form.get("goods", "")).replace(",", " ").split()


def read_standby(form: Mapping[str, Any], wrong: Sequence[FieldError] = ()) -> StandbyRequest:
    """Return the truck without a booking that a form describes.

    `wrong` is what is known to be wrong with it beside. refuses: invalid_fields.
    """
    errors = list(wrong)
    way = {name: form.get(name, "") for name in ("gate", "direction")}
    more = {"goods": goods_in(form), "firm": form.get("firm") or None}
    return _asked(StandbyRequest, _request(form, errors) | way | more, errors)


def read_hour(form: Mapping[str, Any]) -> MoveRequest:
    """Return the hour that a form names. refuses: invalid_fields."""
    slot_id = _uuid(form.get("slot_id"))
    if slot_id is None:
        raise INVALID(errors=[_NO_HOUR])
    return MoveRequest(slot_id=slot_id)


def read_truck(form: Mapping[str, Any]) -> SubstituteVehicle:
    """Return the truck that a form describes. refuses: invalid_fields."""
    errors = list[FieldError]()
    vehicle = _vehicle_in(nested(form), errors)
    return _asked(SubstituteVehicle, {"vehicle": vehicle}, errors)


def read_driver(form: Mapping[str, Any]) -> ChangeDriver:
    """Return the driver that a form names. refuses: invalid_fields."""
    return _asked(ChangeDriver, {"driver": nested(form).get("driver", {})}, [])


def _request(form: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    tree = nested(form)
    return {
        "declaration_ids": ticked(form, "declaration_ids"),
        "vehicle": _vehicle_in(tree, errors),
        "driver": tree.get("driver", None if "vehicle.driverless" in form else {}),
        "empty": "empty" in form,
        "on_behalf_of": form.get("on_behalf_of") or None,
    }


def _vehicle_in(tree: Mapping[str, Any], errors: list[FieldError]) -> dict[str, Any]:
    given = tree.get("vehicle")
    vehicle = dict(given) if isinstance(given, dict) else {}
    vehicle["driverless"] = "driverless" in vehicle
    payload = str(vehicle.pop("payload_t", "")).strip()
    if not payload:
        return vehicle
    try:
        vehicle["payload_g"] = read_units(payload, GRAMS_IN_A_TONNE)
        if vehicle["payload_g"] > MOST_PAYLOAD_G:  # said in tonnes, as it was typed
            most = str(MOST_PAYLOAD_G // 10**GRAMS_IN_A_TONNE)
            says = N_("At most {most} tonnes; look at the unit.")
            raise WrongNumber("too_heavy", says, most=most)
    except WrongNumber as wrong:
        errors.append(wrong.at("vehicle.payload_t"))
        vehicle["payload_g"] = _STANDS_IN["vehicle", "payload_g"]
    return vehicle


def _asked(model: type[R], given: dict[str, Any], errors: list[FieldError]) -> R:
    """Return the request, if nothing is wrong; `errors` are of what was typed and cannot be read.

    refuses: invalid_fields, with what its shape and its rules refuse of the other fields too.
    """
    request: R | None = None
    found = list[FieldError]()
    try:
        request = model.model_validate(given)
    except ValidationError as wrong:
        found = shape_errors(dict(one) for one in wrong.errors())
        given = _with_stand_ins(given, [one["loc"] for one in wrong.errors()])
    with suppress(ValidationError):
        rest = request or model.model_validate(given)
        if isinstance(rest, StandbyRequest):
            found += check_named(rest)
        elif isinstance(rest, BookingRequest):
            found += check(rest)[1]
    told = {form_field(one.field) for one in errors}
    for one in found:
        if form_field(one.field) not in told:
            errors.append(one)
            told.add(form_field(one.field))
    if errors or request is None:
        raise INVALID(errors=errors)
    return request


def _with_stand_ins(
    given: Mapping[str, Any], places: list[tuple[int | str, ...]]
) -> dict[str, Any]:
    """Return what was given with something that can be right in some places."""
    rest = {name: dict(part) if isinstance(part, dict) else part for name, part in given.items()}
    for place in places:
        for (part, name), value in _STANDS_IN.items():
            if (part, name)[: len(place)] == place:
                rest[part] = (rest[part] if isinstance(rest[part], dict) else {}) | {name: value}
    return rest


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None
