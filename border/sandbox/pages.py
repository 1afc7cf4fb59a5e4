"""The sandbox's pages, drawn on the server; no script runs on them.

The content policy lets a form lead only back here and to the merchant's own return address:
browsers hold the redirect after a form to the same policy.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar import MediaType, Response

from border.core.clock import ZONE
from border.sandbox.words import LANGUAGE_NAMES, speaker, written_amount

_FOLDER = Path(__file__).parent / "templates"
_TEMPLATES = Environment(
    loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined
)
STYLESHEET = (_FOLDER / "sandbox.css").read_text(encoding="utf-8")


def page(
    template: str,
    language: str,
    *,
    status_code: int = 200,
    forms_may_reach: str = "",
    sign: str = "title",
    **shown: object,
) -> Response[str]:
    """Return the page `template` in `language`, with the headers every page has.

    `sign` names the words over the page: whose page it is.
    """
    content = _TEMPLATES.get_template(template).render(
        say=speaker(language),
        language=language,
        language_names=LANGUAGE_NAMES,
        amount=lambda amount_vnd: written_amount(language, amount_vnd),
        local=_local,
        sign=sign,
        **shown,
    )
    return Response(
        content,
        media_type=MediaType.HTML,
        status_code=status_code,
        headers=_headers(forms_may_reach),
    )


def _headers(forms_may_reach: str) -> Mapping[str, str]:
    policy = (
        "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none';"
        f" frame-ancestors 'none'; form-action 'self' {forms_may_reach}"
    )
    return {
        "Content-Security-Policy": policy.rstrip(),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }


def _local(at: datetime) -> str:
    """Return the hour in Việt Nam, as a payer reads it."""
    return at.astimezone(ZONE).strftime("%d/%m/%Y %H:%M:%S")
