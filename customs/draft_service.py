"""Beginning drafts and changing them, and checking them against what the database knows.

Which codes and numbers can be right is `customs.checking`'s; here are the gates in use, the
carriers that are registered, and what was imported before.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.database import insert_rows
from border.core.ids import new_reference
from border.core.reading import as_row
from border.core.refusal import INVALID, FieldError, Refusal, refuses
from border.core.sets import begin_set
from border.core.store import Clash, Unit
from border.core.words import N_
from border.identifiers import normalised
from border.identity import policy
from customs import storage
from customs.checking import ACCEPTED_CURRENCIES, check
from customs.columns import columns_of, draft_of, line_columns
from customs.declaration import DRAFT_KEPT, EDITABLE
from customs.dossier_service import Dossier, dossier_of
from customs.draft import DraftChange, DraftDeclaration
from customs.intake import storage as intake_storage
from customs.intake.row import KeptOfFile
from customs.tables import DeclarationRow
from customs.turn import held_for_change

NO_FIRM = refuses(
    "no_firm",
    403,
    N_("No firm to declare for"),
    N_("Your account belongs to no firm. Ask the zone's office to add it to yours."),
)
IMPORTED_ALREADY = refuses(
    "imported_already",
    409,
    N_("Imported already"),
    N_("The row {key} was imported before. Nothing was changed."),
)
CUSTOMS_NUMBER_IN_USE = refuses(
    "customs_number_in_use",
    409,
    N_("Customs number in use"),
    N_(
        "Another declaration at the gate carries the customs number {number}. Correct the number, "
        "or cancel the other one first."
    ),
)


@dataclass(frozen=True)
class NewDraft:
    """What is to be begun: the goods, whose they are, and the row of a file they come from.

    `kept` is what else that file said.
    """

    body: DraftDeclaration
    owner_organisation_id: UUID
    import_key: str | None = None
    kept: KeptOfFile | None = None


@dataclass(frozen=True)
class LockedDraft:
    """A declaration this transaction holds, with its goods in canonical form.

    `errors` is what hinders lodging it; `version` the one it was asked for under, if any.
    """

    row: DeclarationRow
    goods: DraftDeclaration
    errors: tuple[FieldError, ...] = ()
    version: int | None = None


async def draft(unit: Unit, body: DraftDeclaration) -> Dossier:
    """Begin a declaration for the actor's own firm; what it holds is checked, the rest may wait.

    refuses: not_allowed, no_firm, invalid_fields. writes: as `draft_many`.
    """
    policy.check(unit.actor, "declaration.draft")
    if unit.actor.organisation_id is None:
        raise NO_FIRM()
    [made] = await draft_many(unit, [NewDraft(body, unit.actor.organisation_id)])
    if isinstance(made, Refusal):
        raise made
    return await dossier_of(unit.connection, made.row)


async def draft_many(
    unit: Unit,
    asked: Sequence[NewDraft],
    *,
    to_be_lodged: bool = False,
    currencies: Collection[str] = ACCEPTED_CURRENCIES,
) -> list[LockedDraft | Refusal]:
    """Begin declarations; return each, or its own refusal, which spoils no other.

    With `to_be_lodged` nothing may be missing, and no live declaration carry the number.
    refuses, each for itself: invalid_fields, imported_already, customs_number_in_use. writes:
    declaration, declaration_line, declaration_source, `declaration.draft`.
    """
    known = await storage.known(
        unit.connection,
        tax_codes=tax_codes_of(new.body for new in asked),
        import_keys={new.import_key for new in asked if new.import_key},
        numbers=_numbers(asked) if to_be_lodged else (),
    )
    keys, numbers = set(known.import_keys), set(known.numbers)
    made: list[LockedDraft | Refusal] = []
    for new in asked:
        goods, carrier, errors = checked(new.body, known, to_be_lodged, currencies)
        number = goods.customs_number
        if errors:
            made.append(INVALID(errors=errors))
        elif new.import_key in keys:
            made.append(IMPORTED_ALREADY(key=new.import_key))
        elif to_be_lodged and number in numbers:
            made.append(CUSTOMS_NUMBER_IN_USE(number=number))
        else:
            made.append(LockedDraft(_row(unit, new, goods, carrier), goods))
            keys.update(filter(None, [new.import_key]))
            numbers.update(filter(None, [number]))
    return await _begun(unit, asked, made)


async def _begun(
    unit: Unit, asked: Sequence[NewDraft], made: Sequence[LockedDraft | Refusal]
) -> list[LockedDraft | Refusal]:
    """Write the drafts among `made`; one that a rival imported just now is refused."""
    drafts = [one for one in made if isinstance(one, LockedDraft)]
    took = await begin_set(
        [unit] * len(drafts), DeclarationRow, "draft", [one.row for one in drafts]
    )
    left_out = {one.row.id for one, is_in in zip(drafts, took, strict=True) if not is_in}
    lines = [
        line
        for one in drafts
        if one.row.id not in left_out
        for line in line_columns(one.row.id, one.goods)
    ]
    await insert_rows(unit.connection, storage.line, lines)
    sources = [
        {"declaration_id": one.row.id, **asdict(new.kept)}
        for new, one in zip(asked, made, strict=True)
        if new.kept and isinstance(one, LockedDraft) and one.row.id not in left_out
    ]
    await insert_rows(unit.connection, intake_storage.source, sources)
    return [
        _refused(one) if isinstance(one, LockedDraft) and one.row.id in left_out else one
        for one in made
    ]


def _refused(left_out: LockedDraft) -> Refusal:
    if left_out.row.import_key is None:
        raise Clash  # two references alike: the next try makes others
    return IMPORTED_ALREADY(key=left_out.row.import_key)


def _row(
    unit: Unit, new: NewDraft, goods: DraftDeclaration, carrier: UUID | None
) -> DeclarationRow:
    return as_row(
        DeclarationRow,
        {
            "reference": new_reference(DeclarationRow.prefix),
            "state": "draft",
            "created_at": unit.at,
            "changed_at": unit.at,
            "overdue_at": unit.at + DRAFT_KEPT,
            "owner_organisation_id": new.owner_organisation_id,
            "carrier_organisation_id": carrier,
            "import_key": new.import_key,
            **columns_of(goods),
        },
    )


async def change(unit: Unit, id: UUID, body: DraftChange, version: int | None) -> Dossier:
    """Change the fields that were sent, while nothing is registered; the rest stays.

    refuses: not_allowed, not_found, not_the_owner, invalid_fields, move_not_open, stale_version.
    writes: declaration, declaration_line, `declaration.update`.
    """
    row = await held_for_change(unit, id, "update")
    before = draft_of(row, await storage.lines_of(unit.connection, id))
    goods, carrier, errors = await checked_now(unit.connection, body.applied_to(before))
    if errors:
        raise INVALID(errors=errors)
    columns = columns_of(goods) | {"carrier_organisation_id": carrier}
    changed = await unit.change(DeclarationRow, id, version, sorted(EDITABLE), **columns)
    if "lines" in body.model_fields_set:
        await storage.replace_lines(unit.connection, id, line_columns(id, goods))
    return await dossier_of(unit.connection, changed)


def tax_codes_of(bodies: Iterable[DraftDeclaration]) -> set[str]:
    """Return the tax codes of the carriers that drafts name."""
    return {normalised(body.carrier_tax_code) for body in bodies if body.carrier_tax_code}


def _numbers(asked: Iterable[NewDraft]) -> set[str]:
    return {normalised(new.body.customs_number) for new in asked if new.body.customs_number}


Checked = tuple[DraftDeclaration, UUID | None, tuple[FieldError, ...]]
"""A draft in its canonical form, its carrier, and what is wrong with it."""


async def checked_now(
    connection: AsyncConnection, body: DraftDeclaration, *, complete: bool = False
) -> Checked:
    """Check a draft against what the database knows now."""
    known = await storage.known(connection, tax_codes=tax_codes_of([body]))
    return checked(body, known, complete)


def checked(
    body: DraftDeclaration,
    known: storage.Known,
    complete: bool,
    currencies: Collection[str] = ACCEPTED_CURRENCIES,
) -> Checked:
    """Check a draft; with `complete`, what is missing is wrong too. Pure."""
    found = check(body, gates=known.gates, complete=complete, currencies=currencies)
    code, errors = found.draft.carrier_tax_code, found.errors
    carrier = known.carriers.get(code) if code else None
    if code and carrier is None and not any(e.field == "carrier_tax_code" for e in errors):
        says = N_("No carrier is registered here with the tax code {given}. Leave it out.")
        errors += (FieldError("carrier_tax_code", "unknown_carrier", says, (("given", code),)),)
    return found.draft, carrier, errors
