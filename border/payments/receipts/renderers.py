"""Which version draws a receipt's paper. A version, once used, stays as it is for ever.

A receipt keeps the name of the version of the day it was issued; a new law, or a new look, is a
new entry beside the old ones. A test holds each against a paper drawn before.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from border.paper.fonts import FontSet
from border.paper.words import InThree
from border.payments.receipts.paper import Paper, Style, draw_paper
from border.payments.receipts.receipt import ND123_2020, ND254_2026


@dataclass(frozen=True)
class Renderer:
    """A version of the paper: the law it follows and its style."""

    law: str
    style: Style

    def draw(self, paper: Paper, fonts: FontSet) -> bytes:
        """Return the paper as a PDF."""
        return draw_paper(paper, self.style, fonts)


def _version(law: str, decree: str, began: str) -> Renderer:
    return Renderer(
        law,
        Style(
            law,
            InThree(
                f"Biên lai điện tử theo Nghị định {decree} ({began}).",
                f"根据第{decree}号法令开具的电子收据。",
                f"Electronic receipt under Decree {decree}.",
            ),
        ),
    )


RENDERERS: Mapping[str, Renderer] = {
    ND123_2020: _version(ND123_2020, "123/2020/NĐ-CP", "ngày 19/10/2020"),
    ND254_2026: _version(ND254_2026, "254/2026/NĐ-CP", "hiệu lực từ 01/7/2026"),
}
"""Every version by its name."""
CURRENT: Mapping[str, str] = {ND123_2020: ND123_2020, ND254_2026: ND254_2026}
"""Which version draws from now on what is issued under a law."""


async def draw(paper: Paper, fonts: FontSet) -> bytes:
    """Return a receipt as a PDF, drawn by its own version and off the event loop."""
    return await asyncio.to_thread(RENDERERS[paper.row.renderer].draw, paper, fonts)
