"""A file of declarations that a firm has sent: its life, from the preview to what was accepted.

What stands in it is looked at as often as one likes, also tomorrow and on another device; nothing
becomes a declaration before somebody accepts it.
"""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from border.core.actor import Role
from border.core.event_type import Besides, events_of
from border.core.lifecycle import SYSTEM, Lifecycle, Move, State
from border.core.payload import Meaning, Payload
from border.core.refusal import refuses
from border.core.request_body import Integer, RequestBody
from border.core.words import N_
from border.identity.policy import SIGNED_IN, Bounds, Scope, allow, declare, holders
from border.platform.payload_fields import Count

FILE_KEPT = timedelta(days=7)
"""How long a file waits for what is left of it to be accepted, as long as a draft is kept."""
MOST_BYTES = 20_000_000
MOST_DECLARATIONS = 1_000
"""More at a time are taken by the command line, which reads as a stream."""
_TRADER = Role.TRADER.value

DECLARATION_FILE = Lifecycle(
    "declaration_file",
    N_("The life of a file of declarations"),
    noun=N_("File of declarations"),
    states=(
        State("taken", N_("Read, nothing accepted yet"), _TRADER, FILE_KEPT, "expire"),
        State("accepted_in_part", N_("Accepted in part"), _TRADER, FILE_KEPT, "expire"),
        State("accepted", N_("Accepted")),
        State("discarded", N_("Discarded")),
        State("expired", N_("Its time is over")),
    ),
    initial=("taken",),
    moves=(
        Move(
            "accept",
            ("taken", "accepted_in_part"),
            "accepted",
            (_TRADER,),
            N_("Accept the declarations"),
            offered=False,
        ),
        Move(
            "accept_in_part",
            ("taken", "accepted_in_part"),
            "accepted_in_part",
            (_TRADER,),
            N_("Accept some of the declarations"),
            offered=False,
        ),
        Move("discard", ("taken", "accepted_in_part"), "discarded", (_TRADER,), N_("Discard")),
        Move(
            "expire",
            ("taken", "accepted_in_part"),
            "expired",
            (SYSTEM,),
            N_("End the file"),
            offered=False,
        ),
    ),
)
declare(
    "declaration_file",
    allow((SIGNED_IN,), "read", "list", scopes=(Scope.OWN,)),
    allow((Role.TRADER,), "take"),
    bounds=Bounds(own="owner_organisation_id"),
    moves=DECLARATION_FILE,
)
OPEN = frozenset({"taken", "accepted_in_part"})
"""States in which something of a file can be accepted."""

NOTHING_TO_ACCEPT = refuses(
    "nothing_to_accept",
    409,
    N_("Nothing to accept"),
    N_(
        "None of the lines you chose can be accepted. Correct what is marked in the file and send "
        "it again; what was accepted before is recognised."
    ),
)


class DeclarationFilePayload(Payload):
    """What every event of a file says."""

    format: Annotated[Literal["ecus5", "wco", "xlsx", "csv"], Meaning("Format of a file.")]
    declaration_count: Annotated[Count, Meaning("Declarations in a file.")]


DECLARATION_FILE_EVENTS = events_of(
    DECLARATION_FILE,
    DeclarationFilePayload,
    besides=(Besides("take", N_("Take a file of declarations"), holders("declaration_file.take")),),
)


class Acceptance(RequestBody):
    """Which lines are accepted, all that can be unless said; with `lodge` they are lodged too."""

    lines: list[Annotated[Integer, Field(ge=1)]] | None = Field(default=None, max_length=10_000)
    lodge: bool = False
