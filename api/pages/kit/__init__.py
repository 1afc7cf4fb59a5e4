"""What the pages share: the frame, how a form is answered, and the parts they are made of."""

from typing import Any

from api.pages.kit import codes

ROUTES: list[Any] = [
    *codes.ROUTES,
]
