"""Codes offered while somebody types. Public: they are the tariff everybody can read."""

import asyncio
from typing import Annotated

from litestar import Response, get
from litestar.params import QueryParameter

from api.pages.kit.frame import AnyRequest, language
from customs.nomenclature import HsCode, nomenclature

MOST_OFFERED = 12
_LONGEST_QUESTION = 80
_A_DAY = 24 * 3600


@get("/codes/hs", include_in_schema=False, verb="code.list")
async def offer_hs_codes(
    request: AnyRequest,
    asked: Annotated[str, QueryParameter(name="q", max_length=_LONGEST_QUESTION)] = "",
) -> Response[dict[str, list[dict[str, str]]]]:
    """Return tariff codes for words or leading digits, in the reader's language, best first."""
    locale = language(request)
    # The words are indexed at the first search, which takes a moment.
    found = await asyncio.to_thread(_search, asked, locale)
    return Response(
        {"items": [{"code": hs.code, "says": hs.name(locale)} for hs in found]},
        headers={"Cache-Control": f"public, max-age={_A_DAY}", "Vary": "Accept-Language, Cookie"},
    )


def _search(asked: str, locale: str) -> tuple[HsCode, ...]:
    return nomenclature().search(asked, locale, MOST_OFFERED) if asked.strip() else ()


ROUTES = (offer_hs_codes,)
