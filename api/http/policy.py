"""The rows of what is no record: pages, figures, the feed, and what everybody may read.

A page is a place of work: it is opened by those who work there, and what is read or done on it is
asked for besides, as on any other way in.
"""

from border.core.actor import QUARANTINE, STAFF, Role
from border.identity.policy import ANYONE, FIRMS, SIGNED_IN, Scope, allow, declare

_OUTSIDE_AND_STAFF = (*(role for role in Role if role in STAFF), Role.PLATFORM)

declare(
    "page",
    allow(FIRMS, "trader", scopes=(Scope.ZONE,)),
    allow((Role.CUSTOMS_OFFICER, Role.BORDER_GUARD, *QUARANTINE), "officer"),
    allow(
        (
            Role.GATE_STAFF,
            Role.CASHIER,
            Role.CUSTOMS_OFFICER,
            Role.BORDER_GUARD,
            Role.MANAGER,
        ),
        "gate",
    ),
    allow((Role.GATE_STAFF, Role.CASHIER, Role.MANAGER), "desk"),
    allow((Role.CASHIER, Role.ACCOUNTANT, Role.MANAGER), "refunds"),
    allow((Role.MANAGER,), "manager"),
    allow((Role.MANAGER, Role.PLATFORM), "wall"),
)
declare(
    "session",
    allow((ANYONE,), "begin", "forget"),
    allow((SIGNED_IN,), "end"),
)
declare("event", allow(_OUTSIDE_AND_STAFF, "read"))
declare("figure", allow(_OUTSIDE_AND_STAFF, "read"))
# Whoever brings a gateway's word proves by its signature that it is one.
declare("notice", allow((ANYONE,), "bring", "come_back"))
declare("gate", allow((ANYONE,), "list"))
declare("board", allow((ANYONE,), "read"))
declare("code", allow((ANYONE,), "list"))
declare("document", allow((ANYONE,), "read"))
declare("health", allow((ANYONE,), "read"))
