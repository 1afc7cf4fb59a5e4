"""What each event says beyond its envelope: the facts that leave the zone, type by type.

The promise made to those who read the feed. `undocumented` holds a real event against it, and the
tests hold a day of the demonstration's events against it. Facts that stay inside are not here.
"""

from collections.abc import Mapping
from typing import Any

from api.documents.sources import every_lifecycle
from border.feed import TYPE_PREFIX, TYPE_SUFFIX
from border.identity.actor import Role
from border.lifecycle import SYSTEM, Lifecycle
from border.payments.refunds.refund import ASKERS
from customs.clearance import AGENCIES
from logistics.gate_check import ScanCode, ScanKind

_TEXT: dict[str, Any] = {"type": "string"}
_COUNT: dict[str, Any] = {"type": "integer", "minimum": 0}
_INSTANT: dict[str, Any] = {"type": "string", "format": "date-time"}
_DIRECTION = [None, "export", "import", "transit", "unknown"]

FACTS: dict[str, dict[str, Any]] = {
    "agencies": {
        "description": "Agencies that must clear the goods.",
        "type": "array",
        "items": {"enum": list(AGENCIES)},
    },
    "agency": {"description": "The agency that decided.", "enum": list(AGENCIES)},
    "amount_minor": {"description": "Amount in the currency's smallest unit.", **_COUNT},
    "arrivals": {"description": "Trucks that reached the yard in the window.", **_COUNT},
    "at": {"description": "When the truck was seen there, by the device.", **_INSTANT},
    "automatic": {"description": "Whether a rule of the zone decided it.", "type": "boolean"},
    "booking": {"description": "Reference of the booking the slip is for.", **_TEXT},
    "code": {"description": "Code of the resolution.", **_TEXT},
    "codes": {
        "description": "Every check that failed, the first one first.",
        "type": "array",
        "items": {"enum": [code.value for code in ScanCode]},
    },
    "currency": {"description": "ISO 4217 code.", **_TEXT},
    "direction": {"description": "Which way the goods go, where known.", "enum": _DIRECTION},
    "effective_from": {
        "description": "First day on which it holds.",
        "type": "string",
        "format": "date",
    },
    "empty": {"description": "Whether the truck comes without goods.", "type": "boolean"},
    "entries": {"description": "Trucks admitted in the window.", **_COUNT},
    "exits": {"description": "Trucks that left in the window.", **_COUNT},
    "gateway": {"description": "Way the money takes: a gateway's name or `desk`.", **_TEXT},
    "gross_mass_g": {"description": "Gross mass of all lines in grams.", **_COUNT},
    "kind": {
        "description": "Kind of charge, receipt or exception, or where a truck was scanned.",
        **_TEXT,
    },
    "lane": {
        "description": "Of goods: green, yellow or red. Of a truck: the lane of the gate.",
        "type": ["string", "null"],
    },
    "late": {"description": "Whether the money came after its time.", "type": "boolean"},
    "line_count": {"description": "Lines of goods.", **_COUNT},
    "number": {"description": "Number of the receipt in its series.", **_COUNT},
    "outcome": {"description": "What was found, or what the money turned out to be.", **_TEXT},
    "priority": {"description": "Class in which the truck is called.", **_TEXT},
    "refusals": {"description": "Scans refused in the window.", **_COUNT},
    "regime": {"description": "Customs regime code.", "type": ["string", "null"]},
    "resolution": {"description": "How the exception ended.", **_TEXT},
    "revision": {"description": "Rises when a late event changes the window.", **_COUNT},
    "serial": {"description": "Series of the receipt.", **_TEXT},
    "slot_starts_at": {"description": "Beginning of the booked hour.", **_INSTANT},
    "source": {"description": "Who brought the evidence of payment.", **_TEXT},
    "state": {"description": "State the record is in from now on.", **_TEXT},
    "valid_until": {"description": "Until when the slip opens the barrier.", **_INSTANT},
    "vehicle_class": {"description": "Class of the truck.", **_TEXT},
    "way": {"description": "How money goes back: `api`, `transfer` or `cash`.", **_TEXT},
    "window_end": {"description": "End of the window, exclusive.", **_INSTANT},
    "window_start": {"description": "Beginning of the window.", **_INSTANT},
}
"""Every fact by its name: what it says and its JSON Schema."""

_ON = ("lane", "direction", "regime")
_GOODS = (*_ON, "line_count", "gross_mass_g", "agencies")
_CHARGE = ("kind", "amount_minor", "currency")
_PAYMENT = ("gateway", "amount_minor", "currency")
_SEEN = ("lane", "direction", "vehicle_class", "priority", "at")
_ENDED = ("direction", "slot_starts_at")

_OF_A_LIFE: dict[str, tuple[str, ...]] = {
    "declaration": (*_ON, "outcome"),
    "clearance": ("agency", "direction", "lane"),
    "charge": _CHARGE,
    "payment": _PAYMENT,
    "attempt": ("gateway", "source", "outcome"),
    "passage": _SEEN,
    "refund": (*_PAYMENT, "way", "automatic"),
    "receipt": ("kind", "serial", "number", "amount_minor", "currency"),
    "tariff_resolution": ("code",),
}
"""What every event of a lifecycle says, unless its type stands below."""
_OF_A_TYPE: dict[str, tuple[str, ...]] = {
    "declaration.draft": _GOODS,
    "declaration.update": (),
    "declaration.lodge": _GOODS,
    "declaration.register": _GOODS,
    "declaration.clear_green": _GOODS,
    "declaration.review": _GOODS,
    "charge.settle": (*_CHARGE, "gateway"),
    "charge.refund": (*_CHARGE, "gateway"),
    "charge.reopen": (*_CHARGE, "gateway"),
    "payment.pay": (*_PAYMENT, "outcome", "late"),
    "payment.review": (*_PAYMENT, "outcome", "late"),
    "attempt.open": _PAYMENT,
    "attempt.expire": ("gateway",),
    "payment_exception.raise": ("kind", "gateway"),
    **dict.fromkeys(
        (f"payment_exception.{verb}" for verb in ("resolve", "apply", "refund", "heal")),
        ("resolution",),
    ),
    "tariff_resolution.update": (),
    "tariff_resolution.schedule": ("code", "effective_from"),
    "booking.hold": ("direction", "vehicle_class", "slot_starts_at", "empty"),
    "booking.confirm": ("direction", "vehicle_class"),
    "booking.cancel": _ENDED,
    "booking.late_cancel": _ENDED,
    "booking.lapse": _ENDED,
    "booking.miss": _ENDED,
    "booking.leave": _ENDED,
    "slip.issue": ("booking", "valid_until"),
    "passage.expect": ("direction", "vehicle_class", "priority"),
    "passage.call_off": ("direction", "vehicle_class"),
    "passage.close": (),
    "scan.refuse": ("lane", "direction", "kind", "codes"),
    "throughput.window": (
        *("window_start", "window_end", "revision", "direction", "lane"),
        *("arrivals", "entries", "exits", "refusals"),
    ),
}
_SCANNING = (Role.GATE_STAFF, Role.MANAGER, Role.BORDER_GUARD, Role.CUSTOMS_OFFICER)
_NOT_OF_A_RECORD = {
    "scan.refuse": ("A scan was refused", _SCANNING),
    "throughput.window": ("Five minutes of a lane were counted", (SYSTEM,)),
}
"""Events that belong to no lifecycle: what they say and who records them."""
BEGINNINGS: dict[str, tuple[str, tuple[str, ...]]] = {
    "declaration.draft": ("Begin a declaration", (Role.TRADER,)),
    "declaration.update": ("Change a draft", (Role.TRADER,)),
    "charge.owe": ("Charge", (SYSTEM,)),
    "payment.open": ("Open a payment", (Role.TRADER, Role.CARRIER, Role.CASHIER)),
    "attempt.open": ("Send the payer to a gateway", (Role.TRADER, Role.CARRIER, Role.CASHIER)),
    "booking.hold": ("Book an hour", (Role.TRADER, Role.CARRIER)),
    "passage.expect": ("Expect a truck", (SYSTEM,)),
    "slip.issue": ("Issue a slip", (SYSTEM,)),
    "payment_exception.raise": ("Raise an exception", (SYSTEM,)),
    "refund.ask": ("Ask for a refund", tuple(ASKERS)),
    "refund.order": ("Refund by rule", (SYSTEM,)),
    "receipt.issue": ("Issue a receipt", (SYSTEM, Role.ACCOUNTANT, Role.MANAGER)),
    "desk_shift.update": ("Bring the cash to the bank", (Role.ACCOUNTANT,)),
    "desk_shift.open": ("Open a shift at the desk", (Role.CASHIER, Role.MANAGER)),
    "tariff_resolution.prepare": ("Prepare a resolution", (Role.MANAGER, Role.ACCOUNTANT)),
    "tariff_resolution.update": ("Replace a draft", (Role.MANAGER, Role.ACCOUNTANT)),
}
"""Events of a record that no move makes: its beginning, and a change that moves nothing."""


def every_event() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return what each event type says and who records it, lifecycle by lifecycle."""
    found: dict[str, tuple[str, tuple[str, ...]]] = {}
    for life in every_lifecycle().values():
        found |= {t: said for t, said in BEGINNINGS.items() if t.startswith(f"{life.name}.")}
        for verb in life.verbs:
            by = dict.fromkeys(role for move in life.of(verb) for role in move.by)
            found[life.event(verb)] = (life.of(verb)[0].says, tuple(by))
    return found | _NOT_OF_A_RECORD


def facts_of(event: str) -> tuple[str, ...]:
    """Return the names of the facts an event may carry besides `state` and `version`."""
    return _OF_A_TYPE.get(event, _OF_A_LIFE.get(event.partition(".")[0], ()))


def data_schema(event: str) -> dict[str, Any]:
    """Return the JSON Schema of an event's `data`; a fact that is not listed is an error."""
    life = _life_of(event)
    facts = {name: FACTS[name] for name in facts_of(event)}
    own: dict[str, Any] = {"version": {"description": "Version of the record.", **_COUNT}}
    if life is not None:
        own["state"] = FACTS["state"] | {"enum": [state.name for state in life.states]}
    if event == "scan.refuse":
        facts["kind"] = {"description": "Where it was scanned.", "enum": [*ScanKind]}
    return {
        "type": "object",
        "required": list(own),
        "properties": own | facts,
        "additionalProperties": False,
    }


def _life_of(event: str) -> Lifecycle | None:
    return None if event in _NOT_OF_A_RECORD else every_lifecycle()[event.partition(".")[0]]


def short_type(cloud_event: Mapping[str, Any]) -> str:
    """Return the short name of a CloudEvent's type."""
    return str(cloud_event["type"]).removeprefix(TYPE_PREFIX).removesuffix(TYPE_SUFFIX)
