"""The doors of the statement files; the day is the gate's, today without one."""

import base64
from datetime import date

from litestar import MediaType, Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import FromPath, FromQuery

from border.core.clock import local_date
from border.sandbox.config import GATEWAYS
from border.sandbox.desk import Desk
from border.sandbox.statements.bank_text import bank_lines, bank_text
from border.sandbox.statements.gateway_csv import gateway_csv

FILES = ("vnpay.csv", "vietqr.csv", "portal.csv", "bank.txt")


@get("/sandbox/statements/{name:str}")
async def show_statement(
    name: FromPath[str],
    desk: NamedDependency[Desk],
    day: FromQuery[date | None] = None,
    encoding: FromQuery[str | None] = None,
) -> Response[bytes]:
    """Return a gateway's statement of a day, or the bank's; base64 of it when asked."""
    if name not in FILES:
        raise NotFoundException(f"the statements are {', '.join(FILES)}")
    if encoding not in {None, "", "base64"}:
        raise ValidationException("encoding may be base64 or left out")
    now = desk.clock.now()
    on = day or local_date(now)
    gateway = name.removesuffix(".csv")
    if gateway in GATEWAYS:
        written, media_type = gateway_csv(desk.statements.of_day(gateway, on)), "text/csv"
    else:
        lines = bank_lines(desk.books, desk.statements, on, now)
        written, media_type = bank_text(desk.config.bank_account, on, lines), MediaType.TEXT.value
    content = written.encode()
    if encoding == "base64":
        content, media_type = base64.b64encode(content), MediaType.TEXT.value
    stem, _, ending = name.partition(".")
    file_name = f"{stem}-{on:%Y%m%d}.{ending}" + (".b64" if encoding == "base64" else "")
    return Response(
        content,
        media_type=f"{media_type}; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{file_name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
