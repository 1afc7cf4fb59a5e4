"""Statements given in by programs, and revenue."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIFormat, OpenAPIType, Schema
from litestar.params import FromPath, QueryParameter

from api.http.media import A_FILE, ANY_CONTENT
from api.http.shapes import MoneyShape, Shape
from api.http.times import asked_day
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date
from border.core.refusal import INVALID, FieldError
from border.core.words import N_
from border.payments.gateways.registry import payees_of
from border.payments.reconciliation import reconciliation_service, revenue_storage
from border.payments.reconciliation.column_map import OUR_SCHEMA, column_map
from border.payments.reconciliation.reconciliation_service import Reconciled
from border.payments.reconciliation.tables import (
    StatementFileRow,
    StatementLineRow,
)

MOST_BYTES = 32_000_000
"""A hundred thousand lines are about a quarter of it; what is larger the command line takes."""
_MOST_DAYS = 366


def asked_period(today: date, since: str, until: str) -> tuple[date, date]:
    """Return the days asked for, the present month if none. refuses: invalid_fields."""
    first = asked_day("from", since or None) or today.replace(day=1)
    last = asked_day("to", until or None) or max(today, first)
    if last < first:
        says = N_("The last day is before the first.")
        raise INVALID(errors=[FieldError("to", "before_from", says)])
    if (last - first).days >= _MOST_DAYS:
        says = N_("Ask for a year at most.")
        raise INVALID(errors=[FieldError("to", "too_long", says)])
    return first, last


async def take_form(services: Services, actor: Actor, form: dict[str, Any]) -> Reconciled:
    """Reconcile the file that a form carries, under its map, gateway and day.

    refuses: invalid_fields, and what `reconcile` refuses.
    """
    upload, mapped = form.get("file"), form.get("map")
    if upload is None or not hasattr(upload, "file") or not upload.filename:
        raise INVALID(errors=[FieldError("file", "missing", N_("Choose a file."))])
    raw = await mapped.read() if mapped is not None and hasattr(mapped, "read") else b""
    return await reconciliation_service.reconcile(
        services.store,
        actor,
        upload.file,
        upload.filename,
        gateway=str(form.get("gateway", "")) or None,
        using=column_map(raw) if raw else OUR_SCHEMA,
        day=asked_day("day", str(form.get("day", "")) or None),
        own_accounts=[one.account for one in payees_of(services.settings).values()],
    )


class StatementShape(Shape):
    """A statement as it was taken in."""

    id: UUID
    sha256: str
    name: str
    gateway: str
    account: str
    form: str
    encoding: str
    first_day: date
    last_day: date
    line_count: int
    total: MoneyShape
    imported_at: datetime

    @classmethod
    def of(cls, row: StatementFileRow) -> "StatementShape":
        """Return the shape of a file."""
        return cls(
            id=row.id,
            sha256=row.digest.hex(),
            name=row.name,
            gateway=row.gateway,
            account=row.account,
            form=row.form,
            encoding=row.encoding,
            first_day=row.first_day,
            last_day=row.last_day,
            line_count=row.line_count,
            total=MoneyShape(minor=row.total_minor, currency=row.currency),
            imported_at=row.imported_at,
        )


class StatementList(Shape):
    """The statements that came in last."""

    items: list[StatementShape]
    next: str | None


class ClassShape(Shape):
    """Lines of one class: `matched`, `amount_diff`, `missing_in_ledger`, and so on."""

    line_class: str
    count: int
    amount: MoneyShape


class StatementLineShape(Shape):
    """A line that a person should see, with what became of it."""

    number: int
    line_class: str
    type: str
    transaction_no: str
    reference: str
    amount: MoneyShape
    fee: MoneyShape
    happened_at: datetime
    memo: str
    note: str
    exception_id: UUID | None

    @classmethod
    def of(cls, row: StatementLineRow) -> "StatementLineShape":
        """Return the shape of a line."""
        return cls(
            number=row.number,
            line_class=row.line_class or "",
            type=row.type,
            transaction_no=row.transaction_no,
            reference=row.reference,
            amount=MoneyShape(minor=row.amount_minor, currency=row.currency),
            fee=MoneyShape(minor=row.fee_minor, currency=row.currency),
            happened_at=row.happened_at,
            memo=row.memo,
            note=row.note,
            exception_id=row.exception_id,
        )


class ReconciledShape(Shape):
    """What came of a statement; `again` if the very same file was taken before."""

    statement: StatementShape
    again: bool
    classes: list[ClassShape]
    differences: list[StatementLineShape]
    differences_not_shown: int

    @classmethod
    def of(cls, found: Reconciled) -> "ReconciledShape":
        """Return the shape of what came of a file."""
        return cls(
            statement=StatementShape.of(found.file),
            again=found.again,
            classes=[
                ClassShape(
                    line_class=one.line_class,
                    count=one.count,
                    amount=MoneyShape(minor=one.minor, currency=found.file.currency),
                )
                for one in found.classes
            ],
            differences=[StatementLineShape.of(line) for line in found.differences],
            differences_not_shown=found.not_shown,
        )


@post(
    "/statements",
    operation_id="take_statement",
    status_code=200,
    verb="reconciliation.load",
    request_max_body_size=MOST_BYTES,
    opt={
        ANY_CONTENT: {
            "multipart/form-data": Schema(
                type=OpenAPIType.OBJECT,
                properties={
                    "file": A_FILE,
                    "gateway": Schema(type=OpenAPIType.STRING),
                    "day": Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.DATE),
                    "map": A_FILE,
                },
                required=["file"],
            )
        }
    },
    tags=["payments"],
)
async def take(
    request: Request[Any, Any, Any],
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> ReconciledShape:
    """Take a statement in and match it with the books; the same file again changes nothing.

    A form (`multipart/form-data`) with `file`, and where the file does not say it `gateway`,
    `day`, and `map`, a JSON file that says how its columns are named and written.

    refuses: not_allowed, invalid_fields, statement_refused, busy.
    """
    if request.content_type[0] != "multipart/form-data":
        says = N_("Send a form with the statement as “file”.")
        raise INVALID(errors=[FieldError("file", "missing", says)])
    form = {name: values[0] for name, values in (await request.form()).dict().items()}
    return ReconciledShape.of(await take_form(services, actor, form))


@get("/statements", operation_id="list_statements", tags=["payments"], verb="reconciliation.read")
async def list_statements(services: NamedDependency[Services]) -> StatementList:
    """Return the statements that came in last, the newest first."""
    async with services.store.reading() as connection:
        found = await reconciliation_service.statements(connection, 200)
    return StatementList(items=[StatementShape.of(row) for row in found], next=None)


@get(
    "/statements/{statement_id:uuid}",
    operation_id="get_statement",
    tags=["payments"],
    verb="reconciliation.read",
)
async def get_statement(
    statement_id: FromPath[UUID], services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> ReconciledShape:
    """Return what came of a statement. refuses: not_allowed, not_found."""
    found = await reconciliation_service.statement(services.store, actor, statement_id)
    return ReconciledShape.of(found)


class TakingShape(Shape):
    """What came in and went back in a day, by one way to pay, for one kind of fee."""

    day: date
    gateway: str
    kind: str
    collected: MoneyShape
    refunded: MoneyShape


class RevenueShape(Shape):
    """The revenue of a period of days, both included."""

    first: date
    last: date
    items: list[TakingShape]


@get("/revenue", operation_id="get_revenue", tags=["payments"], verb="reconciliation.read")
async def get_revenue(
    services: NamedDependency[Services],
    since: Annotated[str, QueryParameter(name="from")] = "",
    until: Annotated[str, QueryParameter(name="to")] = "",
) -> RevenueShape:
    """Return what was paid for charges and given back, by day, way to pay and kind of fee.

    refuses: invalid_fields.
    """
    first, last = asked_period(local_date(services.store.clock.now()), since, until)
    async with services.store.reading() as connection:
        found = await revenue_storage.takings(connection, first, last)
    return RevenueShape(
        first=first,
        last=last,
        items=[
            TakingShape(
                day=one.day,
                gateway=one.gateway,
                kind=one.kind,
                collected=MoneyShape(minor=one.collected, currency=one.currency),
                refunded=MoneyShape(minor=one.refunded, currency=one.currency),
            )
            for one in found
        ],
    )


ROUTES = (
    take,
    list_statements,
    get_statement,
    get_revenue,
)
