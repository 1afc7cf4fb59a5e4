"""Taking a file of declarations, showing what stands in it, and accepting what people choose of it.

Reading is `customs.intake.reader`'s, drafting and lodging are those of every declaration; here is
what becomes of each line, and that the same line never becomes two declarations.
"""

import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from border.core.actor import Actor
from border.core.ids import new_reference
from border.core.reading import as_row
from border.core.refusal import INVALID, NOT_FOUND, FieldError, Refusal
from border.core.sets import begin_set
from border.core.store import Clash, Unit
from border.core.words import N_
from border.identity import policy
from customs import storage as declarations
from customs.draft import DraftDeclaration
from customs.draft_service import (
    NO_FIRM,
    LockedDraft,
    NewDraft,
    checked,
    draft_many,
    tax_codes_of,
)
from customs.intake import storage
from customs.intake.declaration_file import (
    DECLARATION_FILE,
    MOST_DECLARATIONS,
    NOTHING_TO_ACCEPT,
    Acceptance,
)
from customs.intake.reader import format_of, read_file
from customs.intake.recognising import Recognised, recognised
from customs.intake.row import KeptOfFile, SourceRow
from customs.intake.tables import DeclarationFileRow, FiledDeclarationRow
from customs.lodging_service import lodge_many

_LACKING = "required"
"""The code of what may be missing in a draft and not when it is lodged."""


@dataclass(frozen=True)
class ReadFile:
    """A file that was read: what it is, and the declarations in it."""

    name: str
    format: str
    digest: str
    rows: Sequence[SourceRow]


@dataclass(frozen=True)
class TakenFile:
    """A file with its lines, each with the reference of the declaration it became, if it did."""

    file: DeclarationFileRow
    lines: Sequence[tuple[FiledDeclarationRow, str]]


def read_upload(raw: bytes, name: str, gate: str, form: str | None = None) -> ReadFile:
    """Read a file as it was sent; its format is found by its content unless said.

    refuses: invalid_fields (columns missing, too many declarations, none), file_not_readable.
    """
    file = io.BytesIO(raw)
    found = form or format_of(file)
    rows: list[SourceRow] = []
    for row in read_file(file, gate, found):
        if len(rows) == MOST_DECLARATIONS:
            says = N_(
                "The file has more than {most} declarations. Send it in parts, or ask for the "
                "command line."
            )
            raise _wrong("too_many", says, most=MOST_DECLARATIONS)
        # One after another: two declarations may stand in one line of XML.
        after = rows[-1].line + 1 if rows else 1
        rows.append(row if row.line >= after else replace(row, line=after))
    if not rows:
        raise _wrong("empty", N_("There is no declaration in the file."))
    return ReadFile(name[-200:] or "–", found, sha256(raw).hexdigest(), rows)


def _wrong(code: str, says: str, **facts: object) -> Refusal:
    values = tuple((name, str(fact)) for name, fact in facts.items())
    return INVALID(errors=[FieldError("file", code, says, values)])


async def take(unit: Unit, read: ReadFile, gate: str) -> TakenFile:
    """Keep what was read of a file, each line with what is wrong in it; nothing is declared yet.

    The same bytes again are the same file, as long as something of it can be accepted.
    refuses: not_allowed, no_firm. writes: declaration_file, declaration_file_line,
    `declaration_file.take`.
    """
    policy.check(unit.actor, "declaration_file.take")
    owner = unit.actor.organisation_id
    if owner is None:
        raise NO_FIRM()
    before = await storage.open_file(unit.connection, owner, read.digest)
    if before is not None:
        return TakenFile(before, await storage.lines_of(unit.connection, before.id))
    file = as_row(
        DeclarationFileRow,
        {
            "reference": new_reference(DeclarationFileRow.prefix),
            "state": "taken",
            "gate": gate,
            "created_at": unit.at,
            "changed_at": unit.at,
            "overdue_at": DECLARATION_FILE.overdue_at("taken", unit.at),
            "owner_organisation_id": owner,
            "name": read.name,
            "format": read.format,
            "digest": read.digest,
            "declaration_count": len(read.rows),
        },
    )
    [took] = await begin_set([unit], DeclarationFileRow, "take", [file])
    if not took:
        raise Clash  # a rival sent the same file just now: look again
    lines = await _looked_at(unit.connection, read, owner)
    await storage.keep_lines(
        unit.connection, [{"file_id": file.id, "taken_at": unit.at, **line} for line in lines]
    )
    return TakenFile(file, await storage.lines_of(unit.connection, file.id))


async def _looked_at(
    connection: AsyncConnection, read: ReadFile, owner: UUID
) -> list[dict[str, Any]]:
    """Return the lines of a file as they are kept, held against what the database knows."""
    every = list(recognised(read.rows, owner))
    drafts = [row.draft for row, _ in every if row.draft is not None]
    known = await declarations.known(
        connection, tax_codes=tax_codes_of(drafts), numbers=_numbers(drafts)
    )
    there = await _there(connection, owner, every)
    return [_line(row, key, known, there) for row, key in every]


def _numbers(drafts: Iterable[DraftDeclaration]) -> set[str]:
    return {draft.customs_number for draft in drafts if draft.customs_number}


async def _there(
    connection: AsyncConnection, owner: UUID, every: Sequence[Recognised]
) -> Mapping[str, UUID]:
    """Return the firm's declarations that stand in the file, by their key or customs number."""
    keys = {key for _, key in every if key}
    numbers = _numbers(row.draft for row, _ in every if row.draft is not None)
    found = await storage.there_already(connection, owner, keys, numbers)
    return {name: one.id for one in found for name in (one.import_key, one.customs_number) if name}


def _line(
    row: SourceRow, key: str, known: declarations.Known, there: Mapping[str, UUID]
) -> dict[str, Any]:
    """Return a line as it is kept."""
    errors, draft = list(row.errors), row.draft
    found: tuple[FieldError, ...] = ()
    if draft is not None:
        draft, _, found = checked(draft, known, complete=True)
    named = {error.field for error in errors}
    errors += [one for one in found if one.code != _LACKING and one.field not in named]
    named = {error.field for error in errors}
    lacks = [one for one in found if one.code == _LACKING and one.field not in named]
    number = draft.customs_number if draft else None
    mine = there.get(key) or there.get(number or "")
    if mine is None and number in known.numbers:
        says = N_("Another declaration at the gate carries this customs number.")
        errors.append(FieldError("customs_number", "customs_number_in_use", says))
    state = "already_there" if mine else "bad" if errors or draft is None else "good"
    return {
        "line": row.line,
        "key": row.key[:200],
        "state": state,
        "import_key": key,
        "draft": draft.model_dump(mode="json", exclude_none=True) if draft else None,
        "errors": [] if mine else [_told(row, one) for one in errors],
        "lacks": [] if mine else [_told(row, one) for one in lacks],
        "restored": [asdict(one) for one in row.restored],
        "unread": [asdict(one) for one in row.unread],
        "kept": asdict(row.kept) if row.kept else None,
        "declaration_id": mine,
    }


def _told(row: SourceRow, error: FieldError) -> dict[str, Any]:
    """Return an error as it is kept: with its cell, and what stands in it."""
    place = row.place(error.field)
    return {
        "field": error.field,
        "code": error.code,
        "says": error.says,
        "facts": [list(fact) for fact in error.facts],
        "cell": place.cell if place else "",
        "given": place.text if place else "",
    }


async def taken(connection: AsyncConnection, actor: Actor, id: UUID) -> TakenFile:
    """Return a file with its lines. refuses: not_found, also where it is another firm's."""
    file = await storage.find(connection, id)
    if file is None or not policy.may(actor, "declaration_file.read", file):
        raise NOT_FOUND(what=DECLARATION_FILE.name)
    return TakenFile(file, await storage.lines_of(connection, id))


async def newest(
    connection: AsyncConnection, actor: Actor, most: int = 20
) -> list[DeclarationFileRow]:
    """Return the files that the actor's firm sent last."""
    if actor.organisation_id is None or not policy.may(actor, "declaration_file.list"):
        return []
    return await storage.newest(connection, actor.organisation_id, most)


async def accept(unit: Unit, id: UUID, asked: Acceptance) -> TakenFile:
    """Make declarations of the lines that can be accepted, of those asked for where some are.

    With `lodge` they are lodged in the same transaction; a line that lacks something for it stays
    as it is, and says what. A line that became a declaration before is left alone.
    refuses: not_allowed, not_found, not_the_owner, move_not_open, invalid_fields (a line that is
    not in the file), nothing_to_accept, no_rules_in_force. writes: declaration_file,
    declaration_file_line, declaration_source, what drafting and lodging write,
    `declaration_file.accept` or `.accept_in_part`.
    """
    policy.check(unit.actor, "declaration_file.accept")
    found = await unit.fetch(DeclarationFileRow, storage.file.c.id == id, lock=True)
    file = policy.found(unit.actor, "declaration_file.accept", found)
    lines = [line for line, _ in await storage.lines_of(unit.connection, id)]
    wanted = _wanted(lines, asked.lines)
    good = [line for line in wanted if line.state == "good"]
    accepted = 0
    if good:
        accepted = await _accept(unit, file, good, asked.lodge)
    elif not any(line.state == "already_there" for line in wanted):
        raise NOTHING_TO_ACCEPT()
    left = sum(line.state == "good" for line in lines) - accepted
    if accepted or (not left and not any(line.state == "bad" for line in lines)):
        is_whole = not left and not any(line.state == "bad" for line in lines)
        file = await unit.move(DeclarationFileRow, id, "accept" if is_whole else "accept_in_part")
    return TakenFile(file, await storage.lines_of(unit.connection, id))


def _wanted(
    lines: Sequence[FiledDeclarationRow], asked: Collection[int] | None
) -> list[FiledDeclarationRow]:
    if asked is None:
        return list(lines)
    unknown = sorted(set(asked) - {line.line for line in lines})
    if unknown:
        says = N_("There is no line {given} in the file.")
        facts = (("given", ", ".join(map(str, unknown[:20]))),)
        raise INVALID(errors=[FieldError("lines", "unknown_line", says, facts)])
    return [line for line in lines if line.line in set(asked)]


async def _accept(
    unit: Unit, file: DeclarationFileRow, lines: Sequence[FiledDeclarationRow], lodge: bool
) -> int:
    """Make declarations of lines; return how many are there now."""
    owner = file.owner_organisation_id
    asked = [
        NewDraft(
            DraftDeclaration.model_validate(line.draft),
            owner,
            line.import_key,
            KeptOfFile.of(line.kept),
        )
        for line in lines
    ]
    outcomes = await draft_many(unit, asked, to_be_lodged=lodge)
    drafts = [one for one in outcomes if isinstance(one, LockedDraft)]
    if lodge and any(isinstance(one, Refusal) for one in await lodge_many(unit, drafts)):
        raise Clash  # a rival took a number between the look and the lodging: look again
    keys = [line.import_key for line in lines]
    found = await storage.there_already(unit.connection, owner, keys, ())
    there = {one.import_key: one.id for one in found}
    accepted = 0
    for line, outcome in zip(lines, outcomes, strict=True):
        columns: dict[str, Any]
        if line.import_key in there:
            accepted += 1
            id = there[line.import_key]
            columns = {"state": "already_there", "declaration_id": id, "lacks": []}
        else:
            assert isinstance(outcome, Refusal)
            columns = {"lacks": _refused(line, outcome)}
        await storage.settle(unit.connection, file.id, line.line, **columns)
    return accepted


def _refused(line: FiledDeclarationRow, refusal: Refusal) -> list[dict[str, Any]]:
    """Return why a line was not lodged, each with the cell it had before, if it had one."""
    facts = tuple((name, str(fact)) for name, fact in refusal.facts.items())
    whole = FieldError("customs_number", refusal.code, refusal.kind.says, facts)
    cells = {one["field"]: one for one in line.lacks}
    return [
        {
            "cell": "",
            "given": "",
            **cells.get(error.field, {}),
            "field": error.field,
            "code": error.code,
            "says": error.says,
            "facts": [list(fact) for fact in error.facts],
        }
        for error in refusal.errors or (whole,)
    ]


async def discard(unit: Unit, id: UUID, version: int | None = None) -> TakenFile:
    """Put a file away; what was accepted of it stays.

    refuses: not_allowed, not_found, not_the_owner, move_not_open, stale_version. writes:
    declaration_file, `declaration_file.discard`.
    """
    policy.check(unit.actor, "declaration_file.discard")
    found = await unit.fetch(DeclarationFileRow, storage.file.c.id == id, lock=True)
    policy.found(unit.actor, "declaration_file.discard", found)
    file = await unit.move(DeclarationFileRow, id, "discard", version=version)
    return TakenFile(file, await storage.lines_of(unit.connection, id))
