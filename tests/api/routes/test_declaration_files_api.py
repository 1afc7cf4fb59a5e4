"""A file of declarations over the API: taken, looked at, accepted in part, given back."""

import asyncio
import csv
import io
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from openpyxl import load_workbook

from customs.intake.template import COLUMNS

SAMPLES = Path(__file__).parents[2] / "customs" / "intake" / "wco_samples"
EXAMPLE = {column.name: column.example for column in COLUMNS}
FILES = "/api/v1/declaration-files"


def table(*rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.en for column in COLUMNS])
    for row in rows:
        writer.writerow([(EXAMPLE | row)[column.name] for column in COLUMNS])
    return out.getvalue().encode()


def row(number: int, **changes: str) -> dict[str, str]:
    return {"customs_number": f"30{number:010d}", "declaration": str(number), **changes}


@pytest.fixture
async def trader(crossing: Any) -> Any:
    return await crossing.person("trader")


async def take(who: Any, raw: bytes, **params: str) -> dict[str, Any]:
    answer = await who.client.post(
        FILES, content=raw, params=params, headers={"content-type": "application/octet-stream"}
    )
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def accept(who: Any, file: dict[str, Any], status: int = 200, **asked: Any) -> Any:
    answer = await who.post(f"/declaration-files/{file['id']}/accept", asked)
    assert answer.status_code == status, answer.text
    return answer.json()


def states(file: dict[str, Any]) -> list[str]:
    return [one["state"] for one in file["rows"]]


async def test_a_file_is_looked_at_and_what_is_chosen_of_it_is_lodged(trader: Any) -> None:
    file = await take(trader, table(row(1), row(2, hs_code="99"), row(3)), name="tháng 11.csv")
    assert (file["format"], file["state"], file["name"]) == ("csv", "taken", "tháng 11.csv")
    assert states(file) == ["good", "bad", "good"]
    [error] = file["rows"][1]["errors"]
    assert (error["field"], error["cell"], error["given"], error["code"]) == (
        "lines.0.hs_code",
        "P3",
        "99",
        "unknown_hs_code",
    )
    assert (await trader.get("/declarations")).json()["items"] == []

    part = await accept(trader, file, lines=[2], lodge=True)
    assert (part["state"], states(part)) == ("accepted_in_part", ["already_there", "bad", "good"])
    made = (await trader.get(f"/declarations/{part['rows'][0]['declaration']}")).json()
    assert made["customs_number"] == "300000000001"
    assert made["state"] in ("documents_cleared", "under_review")

    # Another day, another device: the file is there as it stood.
    again = (await trader.get(f"/declaration-files/{file['id']}")).json()
    assert again["rows"] == part["rows"]
    rest = await accept(trader, file)
    assert (rest["state"], states(rest)) == (
        "accepted_in_part",
        ["already_there", "bad", "already_there"],
    )
    draft = (await trader.get(f"/declarations/{rest['rows'][2]['declaration']}")).json()
    assert draft["state"] == "draft"
    await accept(trader, file, 409, lines=[3])
    await accept(trader, file, 400, lines=[7])


async def test_a_file_whose_every_line_was_accepted_is_done(trader: Any) -> None:
    file = await take(trader, table(row(1), row(2)))
    done = await accept(trader, file, lodge=True)
    assert (done["state"], done["moves"]) == ("accepted", [])
    refused = await trader.post(f"/declaration-files/{file['id']}/accept", {})
    assert refused.status_code == 409


async def test_the_same_file_is_the_same_record_and_a_corrected_one_knows_what_is_there(
    trader: Any,
) -> None:
    raw = table(row(1), row(2, hs_code="99"))
    first = await take(trader, raw)
    assert (await take(trader, raw))["id"] == first["id"]
    await accept(trader, first)
    second = await take(trader, table(row(1), row(2)))
    assert (second["id"] != first["id"], states(second)) == (True, ["already_there", "good"])
    assert second["rows"][0]["declaration"]
    await accept(trader, second)
    assert len((await trader.get("/declarations")).json()["items"]) == 2
    third = await take(trader, table(row(2), row(1)))
    assert states(third) == ["already_there", "already_there"]
    assert (await accept(trader, third))["state"] == "accepted"


async def test_of_the_same_file_sent_four_times_at_once_one_is_kept(trader: Any) -> None:
    raw = table(row(1))
    files = await asyncio.gather(*(take(trader, raw) for _ in range(4)))
    assert len({file["id"] for file in files}) == 1
    done = await asyncio.gather(
        *(trader.post(f"/declaration-files/{files[0]['id']}/accept", {}) for _ in range(4))
    )
    assert sorted(answer.status_code for answer in done) == [200, 409, 409, 409]
    assert len((await trader.get("/declarations")).json()["items"]) == 1


async def test_a_draft_that_was_given_up_can_come_in_again(trader: Any) -> None:
    raw = table(row(1))
    file = await take(trader, raw)
    made = (await accept(trader, file))["rows"][0]["declaration"]
    assert states(await take(trader, raw)) == ["already_there"]
    assert (await trader.post(f"/declarations/{made}/cancel", {})).status_code == 200
    assert states(await take(trader, raw + b"\n")) == ["good"]


async def test_alike_rows_without_a_number_are_declarations_of_their_own(trader: Any) -> None:
    alike = {"customs_number": ""}
    raw = table({**alike, "declaration": "a"}, {**alike, "declaration": "b"})
    file = await take(trader, raw)
    assert states(await accept(trader, file)) == ["already_there"] * 2
    assert states(await take(trader, raw + b"\n")) == ["already_there"] * 2


async def test_what_lacks_something_is_a_draft_and_is_not_lodged(trader: Any) -> None:
    file = await take(trader, table(row(1, origin="", gross_mass_kg="")))
    [line] = file["rows"]
    assert (line["state"], line["errors"]) == ("good", [])
    assert [(one["field"], one["cell"]) for one in line["lacks"]] == [
        ("lines.0.origin", "R2"),
        ("lines.0.gross_mass_g", "U2"),
    ]
    kept = await accept(trader, file, lodge=True)
    assert (kept["state"], states(kept)) == ("taken", ["good"])
    assert {one["cell"] for one in kept["rows"][0]["lacks"]} == {"R2", "U2"}
    assert (await accept(trader, file))["state"] == "accepted"


async def test_a_customs_number_of_another_firm_is_named(trader: Any, crossing: Any) -> None:
    other = await crossing.lodged()
    number = other["customs_number"]
    async with crossing.running.services.store.engine.begin() as connection:
        from sqlalchemy import text

        await connection.execute(
            text(
                "UPDATE declaration SET owner_organisation_id = "
                "(SELECT id FROM organisation WHERE id <> owner_organisation_id LIMIT 1)"
            )
        )
    file = await take(trader, table(row(1, customs_number=number)))
    [error] = file["rows"][0]["errors"]
    assert (error["cell"], error["code"]) == ("B2", "customs_number_in_use")


@pytest.mark.parametrize("name", ["TT_EX001a.xml", "TT_IM005b.xml"])
async def test_a_wco_document_comes_out_as_it_went_in(trader: Any, name: str) -> None:
    raw = (SAMPLES / name).read_bytes()
    file = await take(trader, raw)
    assert (file["format"], states(file)) == ("wco", ["good"])
    assert file["rows"][0]["unread"]
    made = (await accept(trader, file))["rows"][0]["declaration"]
    answer = await trader.get(f"/declarations/{made}.xml")
    assert answer.headers["content-type"].startswith("application/xml")
    told, sent = (
        etree.tostring(etree.fromstring(one), method="c14n") for one in (answer.content, raw)
    )
    assert told == sent


async def test_a_declaration_is_given_as_xml_and_on_paper(trader: Any) -> None:
    file = await take(trader, table(row(1)))
    made = (await accept(trader, file, lodge=True))["rows"][0]["declaration"]
    xml = await trader.get(f"/declarations/{made}.xml")
    back = await take(trader, xml.content)
    assert (back["format"], states(back)) == ("wco", ["already_there"])
    paper = await trader.get(f"/declarations/{made}.pdf")
    assert paper.headers["content-type"] == "application/pdf"
    assert paper.content.startswith(b"%PDF")
    for ending in ("doc", "xml"):
        missing = await trader.get(f"/declarations/00000000-0000-0000-0000-000000000001.{ending}")
        assert missing.status_code == 404


async def test_a_form_is_taken_too(trader: Any) -> None:
    answer = await trader.client.post(
        FILES, files={"file": ("bang ke.csv", table(row(1)), "text/csv")}
    )
    assert (answer.status_code, answer.json()["name"]) == (201, "bang ke.csv")
    none = await trader.client.post(FILES, files={"other": ("x.csv", b"", "text/csv")})
    assert (none.status_code, none.json()["errors"][0]["field"]) == (400, "file")


async def test_a_repeat_gets_the_stored_answer(trader: Any) -> None:
    headers = {"idempotency-key": "file-1", "content-type": "text/csv"}
    first = await trader.client.post(FILES, content=table(row(1)), headers=headers)
    again = await trader.client.post(FILES, content=table(row(1)), headers=headers)
    assert (again.content, again.headers.get("idempotency-replayed")) == (first.content, "true")
    other = await trader.client.post(FILES, content=table(row(2)), headers=headers)
    assert other.status_code == 422


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "missing_column"),
        (b"%PDF-1.7", "unknown_format"),
        (b"PK\x03\x04rubbish", "not_a_workbook"),
        (
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><MetaData>&b;</MetaData>',
            "document_type",
        ),
        (table(), "empty"),
    ],
)
async def test_a_file_that_cannot_be_read_is_refused_with_the_reason(
    trader: Any, raw: bytes, code: str
) -> None:
    answer = await trader.client.post(
        FILES, content=raw, headers={"content-type": "application/octet-stream"}
    )
    assert answer.status_code == 400
    assert code in {error["code"] for error in answer.json()["errors"]}


async def test_a_file_belongs_to_its_firm_and_ends_by_its_time(trader: Any, crossing: Any) -> None:
    file = await take(trader, table(row(1)))
    carrier = await crossing.person("carrier")
    officer = await crossing.person("officer")
    assert (await carrier.get(f"/declaration-files/{file['id']}")).status_code == 404
    refused = await officer.client.post(
        FILES, content=table(row(2)), headers={"content-type": "text/csv"}
    )
    assert refused.status_code == 403
    gone = await trader.post(f"/declaration-files/{file['id']}/discard", {})
    assert (gone.json()["state"], gone.json()["moves"]) == ("discarded", [])
    listed = (await trader.get("/declaration-files")).json()["items"]
    assert [one["state"] for one in listed] == ["discarded"]


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
async def test_the_template_is_read_back(trader: Any, language: str) -> None:
    headers = {"accept-language": language}
    book = await trader.get("/declaration-files/template.xlsx", headers=headers)
    sheets = load_workbook(io.BytesIO(book.content)).worksheets
    assert [sheet.max_row for sheet in sheets] == [2, len(COLUMNS) + 1]
    for raw in (
        book.content,
        (await trader.get("/declaration-files/template.csv", headers=headers)).content,
    ):
        file = await take(trader, raw)
        assert (states(file), file["rows"][0]["lacks"]) == (["good"], [])
