"""Importing a file: what is accepted, what was there, what is refused, and the same events."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from border.core.actor import PROGRAM
from border.core.refusal import FieldError, Refusal
from border.core.store import Unit, table_of
from border.core.tables import EventRow
from border.reference.catalogue import SAMPLES
from customs import import_service
from customs.dossier_service import get, list_declarations
from customs.draft_service import NewDraft, draft_many
from customs.import_service import ImportReport, RefusedRow, import_file, import_rows
from customs.intake.row import SourceRow
from customs.intake.sample_csv import DECLARATIONS_2021
from customs.storage import clearance, declaration, line

SAMPLE = SAMPLES / "declarations_2021q1.csv"


@pytest.fixture
def slice_of_sample(folder: Path) -> Path:
    """The first 450 rows of the sample."""
    path = folder / "slice.csv"
    with SAMPLE.open(encoding="utf-8-sig") as sample:
        path.write_text("".join(islice(sample, 451)), encoding="utf-8")
    return path


async def run(desk: Any, path: Path, **listeners: Any) -> ImportReport:
    return await import_file(
        desk.store,
        PROGRAM,
        path,
        owner_organisation_id=desk.firm,
        gate="KIM_THANH_II",
        **listeners,
    )


async def counted(desk: Any, table: Any) -> int:
    async with desk.store.reading() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)))


async def test_a_file_is_imported_and_a_second_run_adds_nothing(
    desk: Any, slice_of_sample: Path
) -> None:
    refused: list[RefusedRow] = []
    first = await run(desk, slice_of_sample, on_refused=refused.append)
    assert first.accepted + first.refused == 450
    assert first.already_there == 0
    assert len(refused) == first.refused > 0
    assert [row.line for row in refused] == sorted(row.line for row in refused)
    assert all(row.errors for row in refused)
    assert {e.code for row in refused for e in row.errors} <= {
        "unknown_hs_code",
        "unknown_country",
        "not_positive",
    }
    assert await counted(desk, declaration) == await counted(desk, line) == first.accepted
    assert await counted(desk, clearance) == 5 * first.accepted
    events = await counted(desk, table_of(EventRow))

    second = await run(desk, slice_of_sample)
    assert second == ImportReport(0, first.accepted, first.refused)
    assert await counted(desk, table_of(EventRow)) == events


async def test_an_imported_declaration_stands_as_if_lodged_by_hand(
    desk: Any, slice_of_sample: Path
) -> None:
    await run(desk, slice_of_sample)
    async with desk.store.reading() as connection:
        page = await list_declarations(connection, desk.trader, limit=200)
    assert {row.state for row in page.items} == {"under_review", "documents_cleared"}
    for row in page.items:
        assert row.state == ("documents_cleared" if row.lane == "green" else "under_review")
    [green] = islice((row for row in page.items if row.lane == "green"), 1)
    by_hand = await desk.lodge()
    assert by_hand.declaration.lane == "green"

    class Imported:
        declaration = green

    told = await desk.events(Imported)
    model = await desk.events(by_hand)
    assert [(e.type, e.version) for e in told] == [(e.type, e.version) for e in model]
    assert green.version == by_hand.declaration.version
    assert green.overdue_at == by_hand.declaration.overdue_at
    moved = await desk.decide(desk.person("border_guard"), Imported, "border_guard", "passed")
    assert moved.declaration.version == green.version + 1


async def test_imported_goods_in_transit_owe_the_customs_fee_as_if_lodged_by_hand(
    desk: Any, folder: Path
) -> None:
    path = folder / "transit.csv"
    header = ",".join(DECLARATIONS_2021.columns)
    path.write_text(f"{header}\n7,760711,CN,1,1000,A,,CN\n8,760711,CN,1,1000,A,,CN\n")
    transit = replace(DECLARATIONS_2021, direction="transit")
    assert (await run(desk, path, sample=transit)).accepted == 2
    by_hand = await desk.lodge(direction="transit", regime=None)
    async with desk.store.reading() as connection:
        page = await list_declarations(connection, desk.trader, limit=200)
        dossiers = [await get(connection, desk.trader, row.id) for row in page.items]
    assert len(dossiers) == 3
    fees = {
        (c.kind, c.amount_minor, c.currency, c.state, c.payer_organisation_id)
        for dossier in dossiers
        for c in dossier.charges
    }
    [charge] = by_hand.charges
    assert fees == {("customs_transit_fee", 200_000, "VND", "owed", desk.firm)}
    assert [len(dossier.charges) for dossier in dossiers] == [1, 1, 1]
    assert charge.subject == by_hand.declaration.reference


async def _drafted(desk: Any, number: str) -> list[Any]:
    body = desk.body(customs_number=number)
    asked = [NewDraft(body, desk.firm, f"files:{number}")]

    async def work(unit: Unit) -> list[Any]:
        return await draft_many(unit, asked)

    return list(await desk.store.perform(PROGRAM, work))


async def test_of_two_imports_of_one_row_at_the_same_moment_one_adds_it(desk: Any) -> None:
    outcomes = [
        one
        for made in await asyncio.gather(*(_drafted(desk, "300000000042") for _ in range(4)))
        for one in made
    ]
    refused = [one.code for one in outcomes if isinstance(one, Refusal)]
    assert refused == ["imported_already"] * 3
    assert await counted(desk, declaration) == await counted(desk, line) == 1


async def test_a_number_taken_between_the_look_and_the_lodging_is_looked_at_again(
    desk: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "rival.csv"
    path.write_text(",".join(DECLARATIONS_2021.columns) + "\n5,760711,CN,1,1000,A,,CN\n")
    drafting = import_service.draft_many
    looked = 0

    async def beaten(unit: Unit, asked: Any, **more: Any) -> Any:
        nonlocal looked
        drafts = await drafting(unit, asked, **more)
        if not looked:
            await desk.lodge(
                direction="import",
                regime="A11",
                customs_number="100000000005",
                importer={"name": "Sao Mai", "tax_code": "0100112437", "country": "VN"},
                exporter={"name": "Hekou Trading", "country": "CN"},
            )
        looked += 1
        return drafts

    monkeypatch.setattr(import_service, "draft_many", beaten)
    refused: list[RefusedRow] = []
    report = await run(desk, path, on_refused=refused.append)
    assert (report, looked) == (ImportReport(refused=1), 2)
    assert [error.code for error in refused[0].errors] == ["customs_number_in_use"]
    assert await counted(desk, declaration) == 1


async def test_only_the_first_of_a_new_firm_counts_as_its_first_declaration(
    desk: Any, slice_of_sample: Path
) -> None:
    await run(desk, slice_of_sample)
    async with desk.store.reading() as connection:
        rules = (await connection.execute(select(declaration.c.lane_rules["codes"]))).scalars()
        assert sum("first_declaration" in codes for codes in rules) == 1


async def test_a_customs_number_in_use_is_refused_alone(desk: Any, folder: Path) -> None:
    header = ",".join(DECLARATIONS_2021.columns)
    path = folder / "twice.csv"
    await desk.lodge(
        direction="import",
        regime="A11",
        customs_number="100000000011",
        importer={"name": "Sao Mai", "tax_code": "0100112437", "country": "VN"},
        exporter={"name": "Hekou Trading", "country": "CN"},
    )
    path.write_text(
        "\n".join(
            [
                header,
                "7,760711,CN,1,1000,A,,CN",
                "11,760711,CN,1,1000,A,,CN",  # its customs number is another declaration's
                "007,760711,CN,1,1000,A,,CN",  # the same key, its zeros not yet lost
                "7,760711,CN,1,1000,A,,CN",  # the same key again
                "8,760711,CN,1,1000,A,,CN",
                "9,760711,ZZ,0,1000,A,,CN",
            ]
        )
    )
    refused: list[RefusedRow] = []
    report = await run(desk, path, on_refused=refused.append)
    assert report == ImportReport(accepted=2, already_there=2, refused=2)
    assert [(row.line, row.key, [(e.field, e.code) for e in row.errors]) for row in refused] == [
        (3, "11", [("customs_number", "customs_number_in_use")]),
        (
            7,
            "9",
            [
                ("lines.0.quantity", "not_positive"),
                ("lines.0.gross_mass_g", "not_positive"),
                ("lines.0.net_mass_g", "not_positive"),
                ("lines.0.origin", "unknown_country"),
            ],
        ),
    ]


async def test_progress_is_told_after_each_batch_up_to_the_end(
    desk: Any, slice_of_sample: Path
) -> None:
    told: list[tuple[int, int]] = []
    await run(desk, slice_of_sample, on_progress=lambda *so_far: told.append(so_far))
    size = len(slice_of_sample.read_bytes())  # noqa: ASYNC240  (a small file of the test's own)
    assert len(told) == 3
    assert told == sorted(told)
    assert told[-1] == (size, size)


async def test_no_more_than_one_batch_is_ever_held(
    desk: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_service, "BATCH", 10)
    asked, told = 0, []

    def rows() -> Iterator[SourceRow]:
        nonlocal asked
        for number in range(1, 46):
            asked += 1
            yield SourceRow(number, str(number), None, (FieldError("row", "bad", "Bad."),))

    report = await import_rows(
        desk.store,
        PROGRAM,
        rows(),
        desk.firm,
        on_batch=lambda: told.append(asked),
    )
    assert told == [10, 20, 30, 40, 45]
    assert report == ImportReport(refused=45)
