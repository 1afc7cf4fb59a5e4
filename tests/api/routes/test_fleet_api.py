"""A firm's trucks and drivers by API: in pages, without loss or repeat."""

from typing import Any

import pytest


@pytest.mark.parametrize("kind", ["vehicle", "driver"])
async def test_the_list_is_paged_by_cursor_though_others_come_meanwhile(
    crossing: Any, kind: str
) -> None:
    booking = await crossing.booked()
    name, known = {
        "vehicle": ("plate", [f"24C-100.0{n}" for n in range(4)]),
        "driver": ("document_number", [f"02030400{n}" for n in range(4)]),
    }[kind]
    like = crossing.truck()[kind]
    for one in known[:3]:
        await crossing.does("trader", f"/{kind}s", like | {name: one}, 201)
    first = await crossing.sees("trader", f"/{kind}s?limit=2")
    await crossing.does("trader", f"/{kind}s", like | {name: known[3]}, 201)
    rest = await crossing.sees("trader", f"/{kind}s?limit=2&cursor={first['next']}")
    seen = [one[name] for one in (*first["items"], *rest["items"])]
    assert seen == [booking[kind][name], *reversed(known[:3])]
    assert rest["next"] is None
    refused = await (await crossing.person("trader")).get(f"/{kind}s?cursor=2")
    assert [one["code"] for one in refused.json()["errors"]] == ["not_a_cursor"]
