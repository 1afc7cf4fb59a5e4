"""Commodity codes over HTTP: found by words of three languages and by digits."""

from typing import Any

import pytest

ADDRESS = "/api/v1/codes/hs"


@pytest.mark.parametrize(
    ("asked", "lang", "heading"),
    [
        ("葡萄", "zh", "0806"),
        ("苹果", "zh", "0808"),
        ("花椰菜", "zh", "0704"),
        ("sau rieng", "vi", "0810"),
        ("đậu xanh", "vi", "0713"),
        ("durians", "en", "0810"),
        ("0810.6", "en", "0810"),
    ],
)
async def test_words_of_each_language_find_their_heading_with_the_path_to_it(
    running: Any, asked: str, lang: str, heading: str
) -> None:
    answer = await running.client.get(ADDRESS, params={"q": asked, "lang": lang, "limit": 5})
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert 0 < len(items) <= 5
    first = items[0]
    assert first["code"].startswith(heading)
    assert set(first["names"]) == {"vi", "zh", "en"}
    assert all(first["names"].values())
    assert [step["code"] for step in first["path"]][:2] == [heading[:2], heading]
    assert first["path"][-1]["code"] == first["code"]


async def test_the_path_is_told_in_the_language_asked_for(running: Any) -> None:
    told = {}
    for lang in ("vi", "zh", "en"):
        answer = await running.client.get(ADDRESS, params={"q": "0806", "lang": lang})
        told[lang] = answer.json()["items"][0]["path"][1]["name"]
    assert told["vi"] == "Nho tươi hoặc khô"
    assert told["zh"] == "鲜或干的葡萄"
    assert told["en"].startswith("Grapes")


async def test_nothing_asked_finds_nothing_and_a_wrong_language_is_refused(running: Any) -> None:
    assert (await running.client.get(ADDRESS, params={"q": " "})).json() == {"items": []}
    refused = await running.client.get(ADDRESS, params={"q": "táo", "lang": "fr"})
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["field"] == "lang"


PROPOSALS = "/api/v1/codes/hs/proposals"


async def test_codes_are_proposed_with_reasons_to_anybody(running: Any) -> None:
    answer = await running.client.get(PROPOSALS, params={"q": "鲜葡萄", "lang": "zh"})
    told = answer.json()
    assert told["abstained"] is False
    assert 0 < len(told["items"]) <= 5
    first = told["items"][0]
    assert first["code"] == "080610"
    assert 0 < first["score"] <= 1
    assert {why["kind"] for why in first["because"]} == {"synonym", "heading"}


async def test_what_is_not_known_is_not_answered(running: Any) -> None:
    answer = await running.client.get(PROPOSALS, params={"q": "asdf qwer", "lang": "vi"})
    assert answer.json() == {"abstained": True, "items": []}


async def test_a_firms_own_declarations_are_evidence_for_nobody_but_the_firm(crossing: Any) -> None:
    body = crossing.draft()
    body["lines"][0] |= {"hs_code": "84798910", "description": "Cụm đồng bộ ZX Hoàng Kim"}
    made = await crossing.does("trader", "/declarations", body, 201)
    asked = "/codes/hs/proposals?q=Cụm đồng bộ ZX Hoàng Kim"
    assert (await crossing.sees("trader", asked))["abstained"]  # A draft is no declaration yet.
    await crossing.does("trader", f"/declarations/{made['id']}/lodge")
    first = (await crossing.sees("trader", asked))["items"][0]
    assert first["code"] == "84798910"
    assert first["because"][0] == {"kind": "past_declaration", "text": "Cụm đồng bộ ZX Hoàng Kim"}
    assert (await crossing.sees("carrier", asked))["abstained"]
    assert (await crossing.sees("officer", asked))["abstained"]
