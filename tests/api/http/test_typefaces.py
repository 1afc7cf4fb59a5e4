"""The typefaces of rare characters, as a page asks for them."""

from io import BytesIO

import pytest
from fontTools.ttLib import TTFont


async def test_a_page_gets_the_face_of_the_characters_it_shows(running) -> None:
    styles = (await running.client.get("/fonts/rare.css")).text
    assert "/fonts/blocks/chinese-57.woff2" in styles

    answer = await running.client.get("/fonts/blocks/chinese-57.woff2")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "font/woff2"
    assert "immutable" in answer.headers["cache-control"]
    with TTFont(BytesIO(answer.content)) as face:
        assert ord("國") in face.getBestCmap()


@pytest.mark.parametrize(
    "name", ["chinese-41.woff2x", "chinese-00.woff2", "chinese-zz.woff2", "..%2f..%2fsecrets"]
)
async def test_what_is_no_block_is_not_found(running, name: str) -> None:
    assert (await running.client.get(f"/fonts/blocks/{name}")).status_code == 404
