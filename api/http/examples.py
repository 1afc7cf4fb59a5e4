"""Bodies that are taken as they stand, as the OpenAPI document shows them beside each operation.

By operation, then by name. Where an address ends in a verb or a kind, the example of that name is
for it. Who is no reader but a program may send them too: identifiers are put in from answers, and
numbers that are used once are changed.
"""

from collections.abc import Mapping
from typing import Any

from border.payments.gateways.evidence import COUNTER

_ID = "01932f5e-7c00-7000-8000-000000000001"
_REASON = {"reason": "The weight on the scales differs from the papers."}
_LIMIT = {
    "gate": "KIM_THANH_II",
    "direction": "export",
    "from": "2026-11-24T01:00:00Z",
    "until": "2026-11-24T05:00:00Z",
    "kind": "lanes",
    "value": 12,
    "reason": "One of two lanes is being repaired.",
}
_OURS = {"name": "Do Hong Import Export", "tax_code": "0012345672", "country": "VN"}
_THEIRS = {"name": "Hekou Trading", "country": "CN"}
_LITCHI = {
    "hs_code": "081090",
    "description": "Fresh litchi",
    "origin": "VN",
    "quantity": "18000",
    "unit": "KGM",
    "gross_mass_g": 19_000_000,
    "net_mass_g": 18_000_000,
    "value": {"minor": 2_500_000, "currency": "CNY"},
}
_CONVERTERS = _LITCHI | {
    "hs_code": "850440",
    "description": "Static converters",
    "origin": "CN",
}
_EXPORT = {
    "customs_number": "301234560001",
    "regime": "B11",
    "direction": "export",
    "gate": "KIM_THANH_II",
    "declarant": "Do Hong Import Export",
    "exporter": _OURS,
    "importer": _THEIRS,
    "lines": [_LITCHI],
    "handling": ["perishable"],
}
_IMPORT = _EXPORT | {
    "customs_number": "101234560001",
    "regime": "A11",
    "direction": "import",
    "exporter": _THEIRS,
    "importer": _OURS,
    "lines": [_CONVERTERS],
    "handling": [],
}
_TRUCK = {
    "vehicle": {
        "plate": "24C-10001",
        "country": "VN",
        "class": "container_40",
        "payload_g": 28_000_000,
    },
    "driver": {"name": "Trần Văn Mẫu", "document_number": "010203004005"},
}
_HERE = {"gate": "KIM_THANH_II", "direction": "export"}
_SCAN = {
    "code": "SLP-7K3M2-Q2XA9",
    "gate": "KIM_THANH_II",
    "lane": "X1",
    "kind": "arrival",
    "scanned_at": "2026-11-23T12:00:00+07:00",
    "device": "barrier-1",
    "scan_id": "barrier-1-0001",
}
_CONVERTERS_RED = {
    "code": "converters",
    "says": "Converters are inspected.",
    "lane": "red",
    "hs_prefixes": ["8504"],
}
_RULES = {
    "code": "lanes-0001",
    "title": "Which declarations are looked at more closely in 2027",
    "issued_by": "The customs office of the gate",
    "legal_basis": "Decision 1 of 2026",
    "effective_from": "2027-01-01",
}

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "draft_declaration": {
        "export": _EXPORT,
        "import": _IMPORT,
    },
    "update_declaration": {
        "gate": {"gate": "KIM_THANH_II"},
        "lines": {"lines": [_LITCHI], "handling": ["perishable"]},
    },
    "lodge_declaration": {"lodge": {}},
    "move_declaration": {
        "reason": _REASON,
        "record_inspection": {"outcome": "conforming", "reason": "As declared."},
    },
    "decide_clearance": {
        "passed": {"decision": "passed"},
        "failed": {"decision": "failed", "reason": "No certificate of plant health."},
    },
    "book_slot": {
        "loaded": _TRUCK | {"declaration_ids": [_ID]},
        "empty": _TRUCK | {"empty": True},
    },
    "enter_ballot": {"empty": _TRUCK | {"empty": True, "preferences": [_ID]}},
    "take_in_live": {
        "loaded": _TRUCK | _HERE | {"goods": ["301234567890"]},
        "empty": _TRUCK | _HERE | {"empty": True, "firm": "0012345672"},
    },
    "announce_live": {"empty": _TRUCK | _HERE | {"empty": True}},
    "join_waitlist": {
        "loaded": _TRUCK | {"declaration_ids": [_ID]},
        "empty": _TRUCK | {"empty": True, "also": [_ID]},
    },
    "grant_right": {
        "to a firm": {
            "to_organisation": "0010000104",
            "verbs": ["declaration.book", "booking.hold", "booking.cancel"],
            "until": "2027-11-24T00:00:00Z",
            "scope": "all",
        },
        "to a driver": {
            "to_account": "carrier@demo.test",
            "verbs": ["booking.read"],
            "until": "2027-11-24T00:00:00Z",
        },
    },
    "put_slot_limit": {
        "one": _LIMIT,
        "two lanes and the drivers": _LIMIT
        | {"also": [_LIMIT | {"kind": "drivers", "value": 10, "reason": "Two are ill."}]},
    },
    "call_next": {"export": {"gate": "KIM_THANH_II", "direction": "export", "lane": "X1"}},
    "appeal_fault": {"road": {"reason": "The road was closed by a landslide."}},
    "uphold_appeal": {"road": {"reason": "The road was closed, as the police say."}},
    "dismiss_appeal": {"road": {"reason": "The road was open that day."}},
    "override_call": {"ill": {"booking_id": _ID, "reason": "The driver is ill."}},
    "keep_vehicle": {"a truck": _TRUCK["vehicle"]},
    "keep_driver": {"a driver": _TRUCK["driver"]},
    "substitute_vehicle": {"another truck": {"vehicle": _TRUCK["vehicle"]}},
    "change_driver": {"another driver": {"driver": _TRUCK["driver"]}},
    "move_booking": {"another hour": {"slot_id": _ID}},
    "open_payment": {"at the desk": {"charge_ids": [_ID], "gateway": COUNTER}},
    "refund_payment": {
        "whole": {"reason": "The truck did not come."},
        "part": {"amount": {"minor": 50_000, "currency": "VND"}, "reason": "Charged too much."},
    },
    "move_refund": {
        "approve": {},
        "decline": {"reason": "The truck has passed."},
        "withdraw": {},
        "pay_out": {"reference": "PC-0001"},
        "record": {"outcome": "succeeded", "note": "Seen on the statement of the bank."},
    },
    "move_payment_exception": {
        "take": {},
        "resolve": {"reason": "The bank has corrected its line."},
        "apply": {"charge_ids": [_ID]},
    },
    "open_desk_shift": {"float": {"gate": "KIM_THANH_II", "float_minor": 1_000_000}},
    "count_desk_shift": {
        "counted": {
            "counted_minor": 1_000_000,
            "denominations": [{"value": 500_000, "pieces": 2}],
        }
    },
    "approve_desk_shift": {"found": {"reason": "A note was counted twice; counted again."}},
    "deposit_desk_shift": {
        "banked": {"bank_reference": "NT-0001", "amount_minor": 1_000_000, "currency": "VND"}
    },
    "waive_charge": {"waived": {"reason": "The hour was lost by a fault of the gate."}},
    "replace_receipt": {
        "buyer": {"reason": "Issued to the driver.", "payer_name": "Do Hong Import Export"}
    },
    "close_day": {"all": {"day": "2026-11-22", "scope": "all"}},
    "ask_reopening": {"why": {"reason": "The bank has sent a line of that day once more."}},
    "move_reopening": {
        "approve": {},
        "decline": {"reason": "The line is in the statement of the day after."},
    },
    "scan": {
        "arrival": _SCAN,
        "entry": _SCAN | {"kind": "entry"},
        "exit": _SCAN | {"kind": "exit"},
        "offline": _SCAN | {"offline": True, "decided": "admitted"},
    },
    "scan_batch": {"offline": {"scans": [_SCAN | {"offline": True, "decided": "admitted"}]}},
    "accept_declaration_file": {"all": {}, "some, lodged": {"lines": [2, 3], "lodge": True}},
    "resolve_clash": {"seen": {"reason": "The driver was waved through by hand."}},
    "schedule_tariff": {"whole": {}},
    "withdraw_tariff": {"wrong": {"reason": "A rate is missing."}},
    "draft_rules": {
        "selectivity": _RULES | {"rows": [_CONVERTERS_RED]},
    },
    "schedule_rules": {"whole": {}},
    "withdraw_rules": {"wrong": {"reason": "A row is missing."}},
}
"""Of every operation that reads JSON; who signs in knows what they send."""
