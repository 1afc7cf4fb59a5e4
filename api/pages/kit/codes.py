"""Codes offered while somebody types. Public: they are the tariff everybody can read."""

import asyncio
from typing import Annotated

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from api.language import translator
from api.pages.kit.frame import AnyRequest, language
from api.zone import Services
from border.core.words import N_
from border.vocabulary import HANDLING
from customs.code_proposal_service import propose_for
from customs.code_search import search
from customs.nomenclature import HsCode, nomenclature
from customs.usual_handling import usual_handling

MOST_OFFERED = 12
_LONGEST_QUESTION = 200
_A_DAY = 24 * 3600
_WHY = {
    "past_declaration": N_("as you declared before: {text}"),
    "synonym": N_("known as: {text}"),
}
"""How an offer says what it rests on; its heading stands there anyway."""
Asked = Annotated[str, QueryParameter(name="q", max_length=_LONGEST_QUESTION)]
Offers = Response[dict[str, list[dict[str, object]]]]


@get("/codes/hs", include_in_schema=False, verb="code.list")
async def offer_hs_codes(request: AnyRequest, asked: Asked = "") -> Offers:
    """Return tariff codes for words or leading digits, in the reader's language, best first.

    Each with the names of the levels above it, the chapter first, and the handling its goods
    usually need.
    """
    locale = language(request)
    # The words are indexed at the first search, which takes a moment.
    found = await asyncio.to_thread(search, asked, locale, MOST_OFFERED)
    return Response(
        {"items": [_offered(hs, locale) for hs in found]},
        headers={"Cache-Control": f"public, max-age={_A_DAY}", "Vary": "Accept-Language, Cookie"},
    )


@get("/codes/hs/proposals", include_in_schema=False, verb="code.list")
async def offer_proposals(
    request: AnyRequest, services: NamedDependency[Services], asked: Asked = ""
) -> Offers:
    """Return at most five codes for a description, with why; none where it is not known."""
    locale = language(request)
    say = translator(locale).gettext
    async with services.store.reading() as connection:
        proposals = await propose_for(connection, request.scope["user"], asked, locale)
    items = []
    for one in proposals:
        told = [
            say(_WHY[why.kind]).format(text=why.text) for why in one.because if why.kind in _WHY
        ]
        items.append(_offered(nomenclature().validate(one.code), locale) | {"why": told})
    return Response({"items": items}, headers={"Cache-Control": "private, no-store"})


def _offered(hs: HsCode, locale: str) -> dict[str, object]:
    say = translator(locale).gettext
    return {
        "code": hs.code,
        "says": hs.name(locale),
        "above": [step.name for step in hs.path(locale)[:-1]],
        "handling": [{"kind": k, "says": say(HANDLING[k])} for k in usual_handling(hs.code)],
    }


ROUTES = (offer_hs_codes, offer_proposals)
