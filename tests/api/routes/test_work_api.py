"""The work that waits by API: its order with the reasons, page by page, and what is refused."""

from typing import Any

from tests.api.ranked import ranked


async def test_what_waits_comes_page_by_page_the_likely_before_the_older(crossing: Any) -> None:
    red = ["dangerous_goods"]
    lodged = [await crossing.lodged("import", handling=red) for _ in range(3)]
    await ranked(crossing, lodged[2]["id"], chance=0.83)
    officer = await crossing.person("officer")
    whole = (await officer.get("/work")).json()
    asked = [lodged[2]["id"], lodged[0]["id"], lodged[1]["id"]]
    assert [item["declaration"]["id"] for item in whole["items"]] == asked
    first = whole["items"][0]
    assert first["score"] == 0.83
    assert first["because"] == [
        "Likely to differ: of a hundred such goods, 83 did.",
        "Seller 0100112437: something was found in 4 of 5 inspected before.",
    ]
    assert whole["items"][1]["score"] is None
    assert first["due_at"] == first["declaration"]["due_at"]
    listed, cursor = list[str](), ""
    while cursor is not None:
        page = (await officer.get("/work", params={"limit": 1, "cursor": cursor})).json()
        listed += [item["declaration"]["id"] for item in page["items"]]
        cursor = page["next"]
    assert listed == asked


async def test_other_agencies_see_no_rank_and_traders_no_list(crossing: Any) -> None:
    lodged = await crossing.lodged("import")
    await ranked(crossing, lodged["id"], chance=0.83)
    guard = await crossing.person("guard")
    [item] = (await guard.get("/work", params={"agency": "border_guard"})).json()["items"]
    assert (item["score"], len(item["because"])) == (None, 1)
    assert (await guard.get("/work", params={"agency": "customs"})).status_code == 403
    assert (await (await crossing.person("trader")).get("/work")).status_code == 403


async def test_an_unknown_agency_and_a_wrong_cursor_are_named(crossing: Any) -> None:
    officer = await crossing.person("officer")
    for asked, code in (
        ({"agency": "navy"}, "unknown_agency"),
        ({"cursor": "abc"}, "not_a_cursor"),
        ({"limit": 0}, "limit"),
    ):
        refused = await officer.get("/work", params=asked)
        assert refused.status_code == 400
        assert [(e["field"], e["code"]) for e in refused.json()["errors"]] == [
            (next(iter(asked)), code)
        ]
