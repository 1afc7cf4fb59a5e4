"""Commodity codes: which fit words or digits, and which are proposed for a description."""

import asyncio
from typing import Annotated, Any, Literal

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.http.shapes import Shape
from api.zone import Services
from customs.code_proposal import CodeProposal
from customs.code_proposal_service import propose_for
from customs.code_search import search
from customs.nomenclature import HsCode

LONGEST_QUESTION = 200
_LOCALES = ("vi", "zh", "en")
Asked = Annotated[str, QueryParameter(name="q", max_length=LONGEST_QUESTION)]
Language = Annotated[Literal["vi", "zh", "en"], QueryParameter(name="lang")]


class HsLevelShape(Shape):
    """One level on the way down to a code, named in the language asked for."""

    code: str
    name: str


class HsCodeShape(Shape):
    """A code a declaration may carry.

    `names` has each language: where the code has no name of its own in one, that of the nearest
    level above. `path` leads from the chapter down to the code itself.
    """

    code: str
    names: dict[str, str]
    path: list[HsLevelShape]

    @classmethod
    def of(cls, hs: HsCode, locale: str) -> "HsCodeShape":
        """Return the shape of a code in a language."""
        return cls(
            code=hs.code,
            names={language: hs.nearest_name(language) for language in _LOCALES},
            path=[HsLevelShape(code=step.code, name=step.name) for step in hs.path(locale)],
        )


class ProposalReasonShape(Shape):
    """What a proposal rests on: the tariff's heading, a name of trade, or an own declaration."""

    kind: Literal["heading", "past_declaration", "synonym"]
    text: str


class ProposalShape(Shape):
    """A code with how well it fits, 0 to 1, and why."""

    code: str
    score: float
    because: list[ProposalReasonShape]


class ProposalsShape(Shape):
    """At most five codes, the likeliest first; none where the description is not known."""

    abstained: bool
    items: list[ProposalShape]

    @classmethod
    def of(cls, proposals: tuple[CodeProposal, ...]) -> "ProposalsShape":
        """Return the shape of what is proposed."""
        return cls(
            abstained=not proposals,
            items=[
                ProposalShape(
                    code=one.code,
                    score=one.score,
                    because=[
                        ProposalReasonShape(kind=why.kind, text=why.text) for why in one.because
                    ],
                )
                for one in proposals
            ],
        )


class HsCodesShape(Shape):
    """Codes, the best first."""

    items: list[HsCodeShape]


@get("/codes/hs", operation_id="search_hs", tags=["codes"], verb="code.list")
async def search_hs(
    asked: Asked = "",
    lang: Language = "vi",
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 20,
) -> HsCodesShape:
    """Return declarable codes for words or leading digits: Vietnamese, Chinese or English words.

    In Vietnamese the codes are lines of eight digits where one fits, else of six. No account is
    needed. refuses: invalid_fields.
    """
    # The words are indexed at the first search, which takes a moment.
    found = await asyncio.to_thread(search, asked, lang, limit)
    return HsCodesShape(items=[HsCodeShape.of(hs, lang) for hs in found])


@get("/codes/hs/proposals", operation_id="propose_hs", tags=["codes"], verb="code.list")
async def propose_hs(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    asked: Asked = "",
    lang: Language = "vi",
) -> ProposalsShape:
    """Return at most five codes for a description of goods, each with what it rests on.

    Who is signed in for a firm is answered from that firm's own declarations too. Where nothing
    explains enough of the description the answer abstains. refuses: invalid_fields.
    """
    async with services.store.reading() as connection:
        proposals = await propose_for(connection, request.scope["user"], asked, lang)
    return ProposalsShape.of(proposals)


ROUTES = (search_hs, propose_hs)
