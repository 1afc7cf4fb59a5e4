"""The lives of a charge, of a payment, and of one attempt at a gateway.

A charge is what is owed. A payment is a promise to collect charges through one gateway. An
attempt is one reference at that gateway, whose outcome only verified evidence decides. None of
them is ever closed to money: what comes in late is recorded, whatever state it meets.
"""

from datetime import timedelta

from border.identity.actor import Role
from border.lifecycle import SYSTEM, Lifecycle, Move, State
from border.words import N_

PAYMENT_LASTS = timedelta(minutes=15)
"""How long a payer has at the gateway (source: VNPAY's demonstration code gives as long)."""
_SETTLEMENT = timedelta(days=3)
"""When a gateway has settled a day with its merchants and nothing unannounced is to be expected."""
_LOOKED_INTO = timedelta(days=3)
"""How long the zone may look into money that fits nothing."""

_RECLAIMABLE = timedelta(days=365)
"""How long paid money is expected to be claimed back, at the longest; nothing ends by it."""

CHARGE = Lifecycle(
    name="charge",
    says=N_("What is owed on something, frozen when it was assessed."),
    states=(
        State("owed", N_("To be paid"), owner=Role.TRADER, after=timedelta(days=7)),
        State("settled", N_("Paid"), owner=SYSTEM, after=_RECLAIMABLE),
        State("voided", N_("No longer owed: what it was owed on fell away")),
        State("waived", N_("Let off by the zone")),
        State("refunded", N_("Paid, and given back")),
    ),
    initial=("owed",),
    moves=(
        Move("settle", ("owed",), "settled", (SYSTEM,), N_("Record as paid"), offered=False),
        Move("void", ("owed",), "voided", (SYSTEM,), N_("Let fall"), offered=False),
        Move("waive", ("owed",), "waived", (Role.MANAGER,), N_("Waive"), needs=("reason",)),
        Move(
            "refund", ("settled",), "refunded", (SYSTEM,), N_("Record as refunded"), offered=False
        ),
        Move(
            "reopen", ("settled",), "owed", (SYSTEM,), N_("Record as unpaid again"), offered=False
        ),
    ),
)

PAYMENT = Lifecycle(
    name="payment",
    says=N_("A promise to collect charges through one gateway within a time."),
    states=(
        State(
            "pending",
            N_("Waiting for the gateway's word"),
            owner=SYSTEM,
            after=PAYMENT_LASTS,
            then="expire",
        ),
        State("paid", N_("Paid"), owner=SYSTEM, after=_RECLAIMABLE),
        State(
            "expired",
            N_("Not paid in time; money that still comes is accepted"),
            owner=SYSTEM,
            after=_SETTLEMENT,
        ),
        State(
            "cancelled",
            N_("Given up by the payer; money that still comes is accepted"),
            owner=SYSTEM,
            after=_SETTLEMENT,
        ),
        State(
            "needs_review",
            N_("Money came that fits nothing owed; the zone looks into it"),
            owner=Role.ACCOUNTANT,
            after=_LOOKED_INTO,
        ),
        State(
            "partially_refunded",
            N_("Paid, and a part given back"),
            owner=SYSTEM,
            after=_RECLAIMABLE,
        ),
        State("refunded", N_("Paid, and given back")),
    ),
    initial=("pending",),
    moves=(
        Move(
            "pay",
            ("pending", "expired", "cancelled", "needs_review"),
            "paid",
            (SYSTEM,),
            N_("Record as paid"),
            offered=False,
        ),
        Move("expire", ("pending",), "expired", (SYSTEM,), N_("Let expire"), offered=False),
        Move("cancel", ("pending",), "cancelled", (Role.TRADER, Role.CARRIER), N_("Give up")),
        Move(
            "review",
            ("pending", "expired", "cancelled"),
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
            ("paid", "partially_refunded", "needs_review"),
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
    says=N_("One reference at one gateway, and what is known about it."),
    states=(
        State(
            "pending",
            N_("Outcome unknown"),
            owner=SYSTEM,
            after=PAYMENT_LASTS,
            then="expire",
        ),
        State("succeeded", N_("The gateway proved that it was paid")),
        State("failed", N_("The gateway said it failed"), owner=SYSTEM, after=_SETTLEMENT),
        State("expired", N_("No word in time"), owner=SYSTEM, after=_SETTLEMENT),
        State(
            "review",
            N_("Money may have moved; the zone looks into it"),
            owner=Role.ACCOUNTANT,
            after=_LOOKED_INTO,
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
