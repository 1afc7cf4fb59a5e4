"""A firm's page of files: sent by a plain form, each error beside its cell, accepted by ticks."""

import re
from typing import Any

import httpx
import pytest

from tests.api.pages.test_pages_trader import words
from tests.api.routes.test_declaration_files_api import row, table


async def send(browser: Any, raw: bytes, name: str = "tháng 11.csv") -> httpx.Response:
    page = await browser.get("/trader/files")
    token = page.text.split('name="_csrf_token" value="')[1].split('"')[0]
    answer = await browser.client.post(
        "/trader/files", data={"_csrf_token": token}, files={"file": (name, raw, "text/csv")}
    )
    assert isinstance(answer, httpx.Response)
    return answer


async def test_a_file_is_sent_looked_at_and_accepted_without_a_script(browse: Any) -> None:
    trader = await browse("trader")
    sent = await send(trader, table(row(1), row(2, hs_code="99"), row(3, hs_code="8109092")))
    assert sent.status_code == 303, words(sent)
    here = sent.headers["location"]
    page = await trader.get(here)
    said = words(page)
    assert "tháng 11.csv" in said
    assert re.search(r"P3\s+99\s+99 is no code of the tariff", said)
    assert re.search(r"P4\s+8109092\s+→\s+08109092\s+The zero in front", said)
    assert page.text.count('type="checkbox" name="line"') == 2

    nothing = await trader.send(page, f"{here}/accept", then="lodge")
    assert nothing.status_code == 400
    assert "Tick at least one declaration." in words(nothing)

    accepted = await trader.send(page, f"{here}/accept", line="2", then="lodge")
    assert accepted.status_code == 303, words(accepted)
    page = await trader.get(here)
    assert "Accepted in part" in words(page)
    link = re.search(r'href="(/trader/declarations/[0-9a-f-]+)"', page.text)
    assert link
    shown = await trader.get(link[1])
    assert "300000000001" in words(shown)
    for ending, begins in (("paper.pdf", b"%PDF"), ("document.xml", b"<?xml")):
        assert (await trader.get(f"{link[1]}/{ending}")).content.startswith(begins)

    await trader.send(page, f"{here}/discard")
    listed = words(await trader.get("/trader/files"))
    assert "Discarded" in listed
    assert "3 declarations" in listed


@pytest.mark.parametrize("language", ["vi", "zh", "en"])
async def test_a_file_that_cannot_be_read_is_told_in_the_readers_language(
    browse: Any, language: str
) -> None:
    trader = await browse("trader", language)
    refused = await send(trader, b"a;b\n1;2\n")
    assert refused.status_code == 400
    expected = {
        "vi": "Tệp không có cột “Mã HS”",
        "zh": "文件缺少列“商品编码”",
        "en": "no column “HS code”",
    }
    assert expected[language] in words(refused)


async def test_the_table_to_start_from_is_in_the_language_of_the_page(browse: Any) -> None:
    trader = await browse("trader", "zh")
    given = await trader.get("/trader/files/template.csv")
    assert "商品编码" in given.content.decode("utf-8-sig")
    assert (await trader.get("/trader/files/template.xlsx")).content.startswith(b"PK")
