"""The life of a gate declaration: its states, its moves, and what each state permits.

A gate declaration carries the number of the customs declaration lodged in the national system
and never replaces it. What the agencies decide on it runs beside this life, not in it
(`customs.clearance`); only customs releases (`customs.release`).
source: WCO Revised Kyoto Convention (lodge, register, query, release); Circular 39/2018/TT-BTC
(fifteen days of validity from registration).
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import WithJsonSchema

from border.core.actor import STAFF, Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Nothing, Payload
from border.core.words import N_
from border.identity.policy import FIRMS, SIGNED_IN, Bounds, Scope, allow, declare, holders
from border.platform.payload_fields import Count, Direction, GivenReason
from border.vocabulary import AGENCIES

DRAFT_KEPT = timedelta(days=7)
"""How long a draft is kept. source: information stored in VNACCS is editable for seven days."""
VALIDITY = timedelta(days=15)
"""How long a declaration is valid from its registration. source: Circular 39/2018/TT-BTC."""

_TRADER, _OFFICER = Role.TRADER.value, Role.CUSTOMS_OFFICER.value
_REASON = ("reason",)

DECLARATION = Lifecycle(
    name="declaration",
    label=N_("A gate declaration: goods, papers and the way to their release"),
    noun=N_("Declaration"),
    states=(
        State("draft", N_("Being written"), _TRADER, DRAFT_KEPT, "expire"),
        State("lodged", N_("Lodged"), SYSTEM, timedelta(minutes=5)),
        State("registered", N_("Registered"), SYSTEM, VALIDITY, "expire"),
        State("under_review", N_("Papers under review"), _OFFICER, VALIDITY, "expire"),
        State("queried", N_("An answer is awaited"), _TRADER, VALIDITY, "expire"),
        State("inspection_ordered", N_("Inspection ordered"), _OFFICER, VALIDITY, "expire"),
        State("inspected", N_("Goods inspected"), _OFFICER, VALIDITY, "expire"),
        State("documents_cleared", N_("Papers cleared"), _OFFICER, VALIDITY, "expire"),
        State("released", N_("Released"), Role.GATE_STAFF.value, timedelta(days=15)),
        State("held", N_("Held by customs"), _OFFICER, timedelta(days=2)),
        State("exited", N_("Passed the gate"), SYSTEM, timedelta(hours=1), "close"),
        State("returned", N_("Returned for correction"), _TRADER, VALIDITY, "expire"),
        State("closed", N_("Closed")),
        State("rejected", N_("Rejected")),
        State("cancelled", N_("Cancelled")),
        State("expired", N_("No longer valid")),
    ),
    initial=("draft",),
    moves=(
        Move("lodge", ("draft", "returned"), "lodged", (_TRADER,), N_("Lodge")),
        Move("register", ("lodged",), "registered", (SYSTEM,), N_("Register"), offered=False),
        Move(
            "clear_green",
            ("registered",),
            "documents_cleared",
            (SYSTEM,),
            N_("Clear in the green lane"),
            offered=False,
        ),
        Move(
            "review",
            ("registered",),
            "under_review",
            (SYSTEM,),
            N_("Send to review"),
            offered=False,
        ),
        Move("query", ("under_review",), "queried", (_OFFICER,), N_("Ask the trader"), _REASON),
        Move("answer", ("queried",), "under_review", (_TRADER,), N_("Answer"), _REASON),
        Move(
            "order_inspection",
            ("under_review",),
            "inspection_ordered",
            (_OFFICER,),
            N_("Order an inspection"),
            _REASON,
        ),
        Move(
            "record_inspection",
            ("inspection_ordered",),
            "inspected",
            (_OFFICER,),
            N_("Record the inspection"),
            ("outcome", "reason"),
        ),
        Move(
            "accept",
            ("under_review", "inspected"),
            "documents_cleared",
            (_OFFICER,),
            N_("Accept the papers"),
        ),
        Move(
            "reject", ("under_review", "inspected"), "rejected", (_OFFICER,), N_("Reject"), _REASON
        ),
        Move(
            "return",
            ("under_review", "registered"),
            "returned",
            (_OFFICER,),
            N_("Return for correction"),
            _REASON,
        ),
        Move("release", ("documents_cleared",), "released", (_OFFICER,), N_("Release")),
        Move("hold", ("released",), "held", (_OFFICER,), N_("Hold"), _REASON),
        Move("lift", ("held",), "released", (_OFFICER,), N_("Lift the hold")),
        Move("exit", ("released",), "exited", (SYSTEM,), N_("Pass the gate"), offered=False),
        Move("close", ("exited",), "closed", (SYSTEM,), N_("Close"), offered=False),
        Move("cancel", ("draft", "returned"), "cancelled", (_TRADER,), N_("Cancel")),
        Move(
            "cancel",
            ("registered", "under_review", "queried", "documents_cleared"),
            "cancelled",
            (_OFFICER,),
            N_("Cancel"),
            _REASON,
        ),
        Move(
            "expire",
            (
                "draft",
                "registered",
                "under_review",
                "queried",
                "returned",
                "inspection_ordered",
                "inspected",
                "documents_cleared",
            ),
            "expired",
            (SYSTEM,),
            N_("Let it expire"),
            offered=False,
        ),
    ),
)

declare(
    "declaration",
    allow((SIGNED_IN,), "read", "list", scopes=(Scope.OWN, Scope.CARRIED)),
    allow((*STAFF, SYSTEM), "read", "list"),
    allow((Role.TRADER,), "draft", "update"),
    allow(FIRMS, "book", scopes=(Scope.OWN, Scope.CARRIED)),
    allow(FIRMS, "read", "list", "book", scopes=(Scope.DELEGATED,)),
    bounds=Bounds(own="owner_organisation_id", carried="carrier_organisation_id"),
    moves=DECLARATION,
)

EDITABLE = frozenset({"draft", "returned"})
"""States in which the trader may still change any field."""
UNBOUND = EDITABLE | {"rejected", "cancelled", "expired"}
"""States in which a declaration does not occupy its customs number."""
CLEARABLE = frozenset(
    {
        "registered",
        "under_review",
        "queried",
        "inspection_ordered",
        "inspected",
        "documents_cleared",
    }
)
"""States in which the agencies decide their clearances: registered and not yet released."""
BOOKABLE = CLEARABLE | {"released"}
"""States in which a crossing may be booked. A held consignment waits until the hold is lifted."""
RELEASED = frozenset({"released"})
"""States in which the barrier may let the goods pass."""
HELD = frozenset({"held"})
"""States in which customs stops goods it had released."""

OFFERED_VERBS = tuple(dict.fromkeys(move.verb for move in DECLARATION.moves if move.offered))
"""Every verb that people may ask for, in the order of the life."""


AgencyCode: TypeAlias = Annotated[str, WithJsonSchema({"enum": [*AGENCIES]})]
Agencies: TypeAlias = Annotated[list[AgencyCode], Meaning("Agencies that must clear the goods.")]
GoodsLane: TypeAlias = Annotated[
    Literal["green", "yellow", "red"],
    Meaning("Lane of the goods: green, yellow or red.", older="lane"),
]
GrossMass: TypeAlias = Annotated[Count, Meaning("Gross mass of all lines in grams.")]
LineCount: TypeAlias = Annotated[Count, Meaning("Lines of goods.")]
Regime: TypeAlias = Annotated[str, Meaning("Customs regime code.")]


class DeclarationPayload(Payload):
    """What every event of a declaration says; a draft may lack the regime, and has no lane."""

    columns: ClassVar[Mapping[str, str]] = {"goods_lane": "lane"}

    goods_lane: GoodsLane | None
    direction: Direction
    regime: Regime | None
    reason: GivenReason | None = None


class DeclarationWithGoods(DeclarationPayload):
    """A declaration with the measure of its goods."""

    line_count: LineCount
    gross_mass_g: GrossMass
    agencies: Agencies | None = None


class DeclarationLodged(DeclarationPayload):
    """A lodged declaration: its goods, who must clear them, and which rules chose the lane."""

    line_count: LineCount
    gross_mass_g: GrossMass
    agencies: Agencies
    lane_rules: Annotated[list[str], Meaning("Rules that chose the lane.", private=True)]


class DeclarationInspected(DeclarationPayload):
    """A declaration whose goods were looked at, and what was found."""

    inspection_outcome: Annotated[
        Literal["conforming", "discrepant"],
        Meaning("What the inspection found.", older="outcome"),
    ]


EVENTS = events_of(
    DECLARATION,
    DeclarationPayload,
    besides=(
        Besides(
            "draft", N_("Begin a declaration"), holders("declaration.draft"), DeclarationWithGoods
        ),
        Besides("update", N_("Change a draft"), holders("declaration.update"), Nothing),
    ),
    lodge=DeclarationLodged,
    register=DeclarationWithGoods,
    clear_green=DeclarationWithGoods,
    review=DeclarationWithGoods,
    record_inspection=DeclarationInspected,
)
