"""Writing a draft and changing it, and checking it against what the database knows.

Which codes and numbers can be right is `customs.checking`'s; here are the gates in use and the
carriers that are registered.
"""

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.gates import all_gates
from border.identity.actor import Role
from border.refusal import INVALID, NOT_ALLOWED, FieldError, refuses
from border.store import Unit
from border.words import N_
from customs import storage
from customs.checking import check
from customs.columns import columns_of, draft_of, line_columns
from customs.declaration import EDITABLE
from customs.dossier_service import Dossier, dossier_of
from customs.draft import DraftChange, DraftDeclaration
from customs.tables import DeclarationRow
from customs.turn import held_for_move

NO_FIRM = refuses(
    "no_firm",
    403,
    N_("No firm to declare for"),
    N_("Your account belongs to no firm. Ask the zone's office to add it to yours."),
)


async def draft(unit: Unit, body: DraftDeclaration) -> Dossier:
    """Begin a declaration for the actor's own firm; what it holds is checked, the rest may wait.

    refuses: not_allowed, no_firm, invalid_fields. writes: declaration, declaration_line,
    `declaration.draft`.
    """
    if not unit.actor.has(Role.TRADER):
        raise NOT_ALLOWED(needs=[Role.TRADER.value])
    if unit.actor.organisation_id is None:
        raise NO_FIRM()
    checked, carrier = await checked_draft(unit.connection, body)
    row = await unit.create(
        DeclarationRow,
        "draft",
        "draft",
        facts={"direction": checked.direction, "regime": checked.regime},
        owner_organisation_id=unit.actor.organisation_id,
        carrier_organisation_id=carrier,
        **columns_of(checked),
    )
    await storage.replace_lines(unit.connection, row.id, line_columns(row.id, checked))
    return await dossier_of(unit.connection, row)


async def change(unit: Unit, id: UUID, body: DraftChange, version: int | None) -> Dossier:
    """Change the fields that were sent, while nothing is registered; the rest stays.

    refuses: not_allowed, not_found, not_the_owner, invalid_fields, move_not_open, stale_version.
    writes: declaration, declaration_line, `declaration.update`.
    """
    row = await held_for_move(unit, id, "lodge")
    before = draft_of(row, await storage.lines_of(unit.connection, id))
    checked, carrier = await checked_draft(unit.connection, body.applied_to(before))
    columns = columns_of(checked) | {"carrier_organisation_id": carrier}
    changed = await unit.change(DeclarationRow, id, version, sorted(EDITABLE), **columns)
    if "lines" in body.model_fields_set:
        await storage.replace_lines(unit.connection, id, line_columns(id, checked))
    return await dossier_of(unit.connection, changed)


async def checked_draft(
    connection: AsyncConnection, body: DraftDeclaration, *, complete: bool = False
) -> tuple[DraftDeclaration, UUID | None]:
    """Return a draft in its canonical form and its carrier. refuses: invalid_fields."""
    gates = [gate.code for gate in await all_gates(connection)]
    checked = check(body, gates=gates, complete=complete)
    errors, carrier = list(checked.errors), None
    if (code := checked.draft.carrier_tax_code) is not None:
        carrier = await storage.organisation_with(connection, code)
        if carrier is None and not any(e.field == "carrier_tax_code" for e in errors):
            says = N_("No carrier is registered here with the tax code {given}. Leave it out.")
            errors.append(
                FieldError("carrier_tax_code", "unknown_carrier", says, (("given", code),))
            )
    if errors:
        raise INVALID(errors=errors)
    return checked.draft, carrier
