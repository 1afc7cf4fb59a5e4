"""The lives of a payment, and of one attempt at a gateway.

A payment is a promise to collect charges through one gateway. An attempt is one reference
at that gateway, whose outcome only verified evidence decides. Neither is ever closed to
money: what comes in late is recorded, whatever state it meets.
"""

from datetime import timedelta
from typing import Annotated, TypeAlias

from border.core.actor import STAFF, Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.words import N_
from border.identity.policy import FIRMS, SIGNED_IN, Bounds, Scope, allow, declare, holders
from border.platform.payload_fields import AmountMinor, Count, Currency, GatewayName

PAYMENT_LASTS = timedelta(minutes=15)
"""How long a payer has at the gateway (source: VNPAY's demonstration code gives as long)."""
_SETTLEMENT = timedelta(days=3)
"""When a gateway has settled a day with its merchants and nothing unannounced is to be expected."""
_LOOKED_INTO = timedelta(days=3)
"""How long the zone may look into money that fits nothing."""

_RECLAIMABLE = timedelta(days=365)
"""How long paid money is expected to be claimed back, at the longest; nothing ends by it."""

PAYMENT = Lifecycle(
    name="payment",
    label=N_("A promise to collect charges through one gateway within a time."),
    noun=N_("Payment"),
    states=(
        State(
            "pending",
            N_("Waiting for the gateway's word"),
            owner=SYSTEM,
            timeout=PAYMENT_LASTS,
            on_timeout="expire",
        ),
        State(
            "part_paid",
            N_("A part came; the rest is still to be paid"),
            owner=Role.TRADER,
            timeout=PAYMENT_LASTS,
            on_timeout="review",
        ),
        State("paid", N_("Paid"), owner=SYSTEM, timeout=_RECLAIMABLE),
        State(
            "expired",
            N_("Not paid in time; money that still comes is accepted"),
            owner=SYSTEM,
            timeout=_SETTLEMENT,
        ),
        State(
            "cancelled",
            N_("Given up by the payer; money that still comes is accepted"),
            owner=SYSTEM,
            timeout=_SETTLEMENT,
        ),
        State(
            "needs_review",
            N_("Money came that fits nothing owed; the zone looks into it"),
            owner=Role.ACCOUNTANT,
            timeout=_LOOKED_INTO,
        ),
        State(
            "partially_refunded",
            N_("Paid, and a part given back"),
            owner=SYSTEM,
            timeout=_RECLAIMABLE,
        ),
        State("refunded", N_("Paid, and given back")),
    ),
    initial=("pending",),
    moves=(
        Move(
            "pay",
            ("pending", "part_paid", "expired", "cancelled", "needs_review"),
            "paid",
            (SYSTEM,),
            N_("Record as paid"),
            offered=False,
        ),
        Move(
            "receive_part",
            ("pending", "part_paid", "expired", "cancelled"),
            "part_paid",
            (SYSTEM,),
            N_("Record a part as received"),
            offered=False,
        ),
        Move("expire", ("pending",), "expired", (SYSTEM,), N_("Let expire"), offered=False),
        Move("cancel", ("pending",), "cancelled", (Role.TRADER, Role.CARRIER), N_("Give up")),
        Move(
            "review",
            ("pending", "part_paid", "expired", "cancelled"),
            "needs_review",
            (SYSTEM,),
            N_("Set aside for review"),
            offered=False,
        ),
        Move(
            "refund_part",
            ("paid", "partially_refunded"),
            "partially_refunded",
            (SYSTEM,),
            N_("Record a part as refunded"),
            offered=False,
        ),
        Move(
            "refund",
            ("paid", "partially_refunded", "needs_review", "part_paid"),
            "refunded",
            (SYSTEM,),
            N_("Record as refunded"),
            offered=False,
        ),
        Move(
            "reverse",
            ("paid", "partially_refunded"),
            "needs_review",
            (SYSTEM,),
            N_("Record that the gateway took it back"),
            offered=False,
        ),
    ),
)

ATTEMPT = Lifecycle(
    name="attempt",
    label=N_("One reference at one gateway, and what is known about it."),
    noun=N_("Attempt to pay"),
    states=(
        State(
            "pending",
            N_("Outcome unknown"),
            owner=SYSTEM,
            timeout=PAYMENT_LASTS,
            on_timeout="expire",
        ),
        State("succeeded", N_("The gateway proved that it was paid")),
        State("failed", N_("The gateway said it failed"), owner=SYSTEM, timeout=_SETTLEMENT),
        State("expired", N_("No word in time"), owner=SYSTEM, timeout=_SETTLEMENT),
        State(
            "review",
            N_("Money may have moved; the zone looks into it"),
            owner=Role.ACCOUNTANT,
            timeout=_LOOKED_INTO,
        ),
    ),
    initial=("pending",),
    moves=(
        Move(
            "succeed",
            ("pending", "failed", "expired", "review"),
            "succeeded",
            (SYSTEM,),
            N_("Record the proof of payment"),
            offered=False,
        ),
        Move("fail", ("pending",), "failed", (SYSTEM,), N_("Record the failure"), offered=False),
        Move("expire", ("pending",), "expired", (SYSTEM,), N_("Let expire"), offered=False),
        Move(
            "review",
            ("pending", "failed", "expired"),
            "review",
            (SYSTEM,),
            N_("Set aside for review"),
            offered=False,
        ),
    ),
)

MAY_WAIT_IN_PART = ("part_paid", "needs_review")
"""States in which money may wait for its rest."""

_OF_THE_PAYER = Bounds(own="payer_organisation_id")
_COLLECTORS = (*FIRMS, Role.CASHIER, Role.MANAGER)
declare(
    "payment",
    allow((SIGNED_IN,), "read", scopes=(Scope.OWN,)),
    allow((*STAFF, SYSTEM), "read"),
    # Asked for each charge that is to be paid.
    allow(_COLLECTORS, "open"),
    allow(FIRMS, "open", "read", "cancel", scopes=(Scope.DELEGATED,)),
    bounds=_OF_THE_PAYER,
    moves=PAYMENT,
)
declare("attempt", allow(_COLLECTORS, "open"), bounds=_OF_THE_PAYER, moves=ATTEMPT)


class PaymentPayload(Payload):
    """What every event of a payment says; where a part went back, the amount of that part."""

    gateway: GatewayName
    amount_minor: AmountMinor
    currency: Currency


PaymentOutcome: TypeAlias = Annotated[
    str, Meaning("What the money turned out to be.", older="outcome")
]


class PaymentByEvidence(PaymentPayload):
    """A payment that money moved, whatever channel told of it."""

    payment_outcome: PaymentOutcome
    late: Annotated[bool, Meaning("Whether the money came after its time.")]


class PaymentInPart(PaymentByEvidence):
    """A payment of which less came than was asked for."""

    received_minor: Annotated[Count, Meaning("What came for it so far, in the smallest unit.")]
    missing_minor: Annotated[Count, Meaning("What is still to come, in the smallest unit.")]


class AttemptPayload(Payload):
    """What every event of an attempt says."""

    gateway: GatewayName


class AttemptByEvidence(AttemptPayload):
    """An attempt of which somebody brought word."""

    source: Annotated[str, Meaning("Who brought the evidence of payment.")]
    payment_outcome: PaymentOutcome


PAYMENT_EVENTS = events_of(
    PAYMENT,
    PaymentPayload,
    besides=(Besides("open", N_("Open a payment"), holders("payment.open")),),
    pay=PaymentByEvidence,
    receive_part=PaymentInPart,
    review=PaymentByEvidence,
)
ATTEMPT_EVENTS = events_of(
    ATTEMPT,
    AttemptByEvidence,
    besides=(
        Besides("open", N_("Send the payer to a gateway"), holders("attempt.open"), PaymentPayload),
    ),
    expire=AttemptPayload,
)
