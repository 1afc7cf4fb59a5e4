"""The life of a charge: what is owed on a subject, frozen when it was assessed."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar

from border.core.actor import Role
from border.core.event_type import Besides, Key, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.words import N_
from border.identity.policy import declare
from border.platform.payload_fields import AmountMinor, Currency, GatewayName, GivenReason

_RECLAIMABLE = timedelta(days=365)
"""How long paid money is expected to be claimed back, at the longest; nothing ends by it."""

CHARGE = Lifecycle(
    name="charge",
    label=N_("What is owed on something, frozen when it was assessed."),
    noun=N_("Fee"),
    states=(
        State("owed", N_("To be paid"), owner=Role.TRADER, timeout=timedelta(days=7)),
        State("settled", N_("Paid"), owner=SYSTEM, timeout=_RECLAIMABLE),
        State("voided", N_("No longer owed: what it was owed on fell away")),
        State("waived", N_("Let off by the zone")),
        State("refunded", N_("Paid, and given back")),
    ),
    initial=("owed",),
    moves=(
        Move("settle", ("owed",), "settled", (SYSTEM,), N_("Record as paid"), offered=False),
        Move("void", ("owed",), "voided", (SYSTEM,), N_("Void"), offered=False),
        Move("waive", ("owed",), "waived", (Role.MANAGER,), N_("Waive"), needs=("reason",)),
        Move(
            "refund", ("settled",), "refunded", (SYSTEM,), N_("Record as refunded"), offered=False
        ),
        Move(
            "reopen", ("settled",), "owed", (SYSTEM,), N_("Record as unpaid again"), offered=False
        ),
    ),
)

declare("charge", moves=CHARGE)


class ChargePayload(Payload):
    """What every event of a charge says."""

    columns: ClassVar[Mapping[str, str]] = {"charge_kind": "kind"}

    charge_kind: Annotated[str, Meaning("Kind of charge.", older="kind")]
    amount_minor: AmountMinor
    currency: Currency


class ChargeByGateway(ChargePayload):
    """A charge that money moved, with the way the money took."""

    gateway: GatewayName


class ChargeWaived(ChargePayload):
    """A charge the zone let the payer off, and why."""

    reason: GivenReason


EVENTS = events_of(
    CHARGE,
    ChargePayload,
    besides=(Besides("owe", N_("Charge"), (SYSTEM,)),),
    key=Key("the reference of what it is owed on", "subject"),
    settle=ChargeByGateway,
    refund=ChargeByGateway,
    reopen=ChargeByGateway,
    waive=ChargeWaived,
)
