"""The typefaces of rare Chinese characters, served to the pages that show such a character.

The prepared faces are static files; a block of 256 rare ones is cut when the first page asks.
"""

import asyncio
import re
from typing import Any

from litestar import get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.response import File

from api.zone import Services

_BLOCK = re.compile(r"chinese-([0-9a-f]{2})\.woff2")


@get("/fonts/blocks/{name:str}", include_in_schema=False, verb="document.read")
async def get_block(name: FromPath[str], services: NamedDependency[Services]) -> File:
    """Return one block's face (WOFF2). refuses: not_found."""
    asked = _BLOCK.fullmatch(name)
    code = int(asked[1], 16) << 8 if asked else 0
    block = await asyncio.to_thread(services.fonts.block, code)
    if block is None:
        raise NotFoundException
    return File(
        block.with_suffix(".woff2"),
        media_type="font/woff2",
        content_disposition_type="inline",
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


ROUTES: list[Any] = [get_block]
