"""Every route, by every role, on records of one's own and of others: as the table says.

The real application on its real database. A unit of work is stopped where it would commit, when
all is decided and nothing kept, so that hundreds of writes leave the records as they are. What is
expected is worked out from the rows by these few lines, not by the code that is tested.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest
from litestar import Litestar, get
from litestar.routes import HTTPRoute
from sqlalchemy import select, update

from api.http.examples import EXAMPLES
from api.http.security import COOKIE, refuse_undeclared, verbs_of
from api.tables import LIVES
from border.core.actor import PROGRAM, Actor, Role
from border.core.ids import new_id
from border.core.lifecycle import SYSTEM
from border.core.refusal import RefusalKind
from border.core.store import Unit, table_of
from border.identity import policy
from border.identity.policy import ANYONE, SIGNED_IN, Grant, Scope
from border.identity.service import digest
from border.identity.tables import AccountRow, OrganisationRow, TokenRow
from border.messages.tables import ContactRow
from border.payments.collection import notice_service
from border.payments.exceptions import exception_service
from border.payments.receipts.receipt_service import issue_due
from border.payments.tariffs import draft_file
from border.payments.tariffs.tariff_service import put_draft, seeds
from customs.intake.template import COLUMNS
from logistics.ballot.tables import BallotRow
from logistics.fairness.tables import FaultRow
from logistics.share import CLASSES
from logistics.storage import slot as slots
from logistics.tables import BookingRow

pytestmark = pytest.mark.once

NOT_KEPT = RefusalKind("not_kept", 409, "Not kept", "Everything was decided and nothing kept.")
REFUSED = {"not_signed_in": 401, "not_allowed": 403, "not_the_owner": 403, "not_found": 404}
SECOND_PERSON = {"not_your_refund", "another_approver_needed", "own_count", "second_person_needed"}
"""Refusals of two people's rules, which are no matter of the table."""
OF_TWO_PEOPLE = {"refund.withdraw", "refund.approve", "desk_shift.approve", "declaration.accept"}
"""Verbs that these rules bar; on a page, whose form is shown again, such a refusal has no code."""
ALLOWED = "allowed"


@dataclass(frozen=True)
class Somebody:
    """An account of one role, signed in for programs and for pages; or nobody."""

    name: str
    roles: frozenset[str] = frozenset()
    firm: UUID | None = None
    token: str = ""


@dataclass
class Records:
    """One of each record of a firm's, and who carries its goods."""

    name: str
    firm: UUID
    carrier: UUID | None
    cashier: str
    reached: str
    """The account that has an address to be told at."""
    delegate: UUID | None = None
    """The firm that was given every right there is to give."""
    ids: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request: the route, the verbs it declares with the path's filled in, and its path."""

    method: str
    path: str
    template: str
    verbs: tuple[str, ...]
    made_up: bool = False
    """Whether the path names a record that is not there: enough where only roles are asked for."""

    @property
    def of_a_record(self) -> bool:
        """Whether a record is named, in the path or in what is sent."""
        if f"{self.method} {self.template}" == "POST /api/v1/payments":
            return True
        return any(part in self.template for part in ("_id}", "{reference}", "/slips/"))


# --- what the table lets us expect ---------------------------------------------------------------

JUDGED_BY = {
    "POST /api/v1/slots/{slot_id}/bookings": "declaration.book",
    "POST /api/v1/slots/{slot_id}/waitlist": "declaration.book",
    "POST /api/v1/ballots/{ballot_id}/entries": "declaration.book",
    "POST /trader/ballots/{record_id}": "ballot.read",
    "GET /api/v1/payments/{payment_id}/refunds": "payment.read",
    "POST /api/v1/desk/shifts/{shift_id}/count": "desk_shift.count",
    "POST /trader/declarations/{record_id}/pay": "declaration.read",
}
"""Routes whose record is judged by another verb: of another kind, or one that its state tells."""


def within(somebody: Somebody, records: Records, kind: str) -> set[Scope]:
    """Return the scopes of somebody that a record of a kind lies in."""
    scopes = {Scope.ZONE}
    if kind == "desk_shift":
        return scopes | ({Scope.OWN} if somebody.name == records.cashier else set())
    if kind == "contact":
        return scopes | ({Scope.OWN} if somebody.name == records.reached else set())
    if somebody.firm == records.firm:
        scopes.add(Scope.OWN)
    if kind == "declaration" and somebody.firm == records.carrier:
        scopes.add(Scope.CARRIED)
    if somebody.firm == records.delegate is not None:
        scopes.add(Scope.CARRIED if kind == "delegation" else Scope.DELEGATED)
    return scopes


def expected(rows: set[Grant], somebody: Somebody, asked: Asked, records: Records) -> object:
    """Return what the rows promise: allowed, or the status of the refusal."""
    roles = {ANYONE} | ({SIGNED_IN, *somebody.roles} if somebody.roles else set())
    mine = {row for row in rows if row.role in roles}
    for verb in asked.verbs:
        if not any(row.verb == verb for row in mine):
            return 403 if somebody.roles else 401
    if not asked.of_a_record:
        return ALLOWED
    verb = JUDGED_BY.get(f"{asked.method} {asked.template}", asked.verbs[-1])
    kind = verb.partition(".")[0]
    there = within(somebody, records, kind)
    if any(row.verb == verb and row.scope in there for row in mine):
        return ALLOWED
    return 403 if any(row.verb == f"{kind}.read" and row.scope in there for row in mine) else 404


# --- asking --------------------------------------------------------------------------------------


async def answered(
    world: "World", somebody: Somebody, asked: Asked, body: bytes, form: bool
) -> tuple[int, str]:
    """Return status and code of an answer; of a stream only that it began."""
    path, _, query = asked.path.partition("?")
    headers = {"if-match": '"999"', "accept": "*/*", "host": "gate.test"}
    if asked.method != "GET":
        headers["content-type"] = (
            "application/x-www-form-urlencoded" if form else "application/json"
        )
        headers["content-length"] = str(len(body))
    cookies = {"border_csrf": world.csrf} if form else {}
    if somebody.token and path.startswith("/api/"):
        headers["authorization"] = f"Bearer {somebody.token}"
    elif somebody.token:
        cookies[COOKIE] = f"p{somebody.token}"
    if cookies:
        headers["cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("gate.test", 80),
        "state": {},
    }
    got: asyncio.Queue[Any] = asyncio.Queue()
    given = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Any:
        for message in given:
            return message
        return await asyncio.Event().wait()

    call = asyncio.create_task(world.app(scope, receive, got.put))  # type: ignore[arg-type]
    try:
        start = await asyncio.wait_for(got.get(), 30)
        status, sent = start["status"], dict(start["headers"])
        if sent.get(b"content-type", b"").startswith(b"text/event-stream"):
            return status, "streams"
        content = b""
        while (part := await asyncio.wait_for(got.get(), 30)).get("more_body", False):
            content += part.get("body", b"")
        content += part.get("body", b"")
        await call
    finally:
        call.cancel()
    problem = sent.get(b"content-type", b"").startswith(b"application/problem+json")
    return status, json.loads(content)["code"] if problem else ""


def verdict(status: int, code: str, asked: Asked) -> object:
    """Return an answer in the words of `expected`; a form shown again has a status and no code."""
    if code:
        return ALLOWED if code in SECOND_PERSON else REFUSED.get(code, ALLOWED)
    if status == 401 or (status == 403 and asked.verbs[-1] in OF_TWO_PEOPLE):
        return ALLOWED
    return status if status in (403, 404) else ALLOWED


# --- the records ---------------------------------------------------------------------------------

CSRF = ""


async def people(services: Any, firms: Mapping[str, UUID]) -> list[Somebody]:
    """Make an account for each role, and a second carrier and trader of the other firms."""
    outside = {Role.TRADER, Role.CARRIER, Role.PLATFORM}
    made = [(role.value, role, firms["ours" if role in outside else "zone"]) for role in Role] + [
        ("the carrier", Role.CARRIER, firms["carrier"])
    ]
    somebodies = [Somebody("nobody")]

    async def work(unit: Unit) -> None:
        for name, role, firm in made:
            account = AccountRow(
                id=new_id(),
                email=f"{name.replace(' ', '_')}@roles.test",
                name=name,
                password_hash="!",
                roles=[role.value],
                organisation_id=firm,
            )
            await unit.add(account)
            token = name.replace(" ", "-")
            for purpose, kept in (("api", token), ("page", f"p{token}")):
                await unit.add(
                    TokenRow(
                        digest=digest(kept),
                        account_id=account.id,
                        purpose=purpose,
                        made_at=unit.at,
                        expires_at=unit.at + timedelta(days=30),
                    )
                )
            somebodies.append(Somebody(name, frozenset({role.value}), firm, token))

    await services.store.perform(PROGRAM, work)
    return somebodies


async def trade(crossing: Any, running: Any, carrier: str | None, delegate: UUID) -> dict[str, str]:
    """Bring a trader's goods to a paid booking and a wish for a refund; return every record."""
    rights = {"to_organisation": str(delegate), "verbs": policy.delegable()}
    until = (running.clock.now() + timedelta(days=30)).isoformat()
    right = await crossing.does("trader", "/delegations", rights | {"until": until}, 201)
    carried = {"carrier_tax_code": carrier} if carrier else {}
    goods = await crossing.lodged(**carried)
    draft = await crossing.drafted(**carried)
    booking = await crossing.booked(goods["id"])
    payment = await crossing.opened(booking)
    assert await crossing.told(crossing.notice(payment)) == "00"
    await notice_service.process_inbox(running.services.store)
    await issue_due(running.services.store, running.app.state.receipts())
    refunds = f"/payments/{payment['id']}/refunds"
    refund = await crossing.does("trader", refunds, {"reason": "Not needed."}, 201)
    waiting = await crossing.booked((await crossing.lodged())["id"])
    pending = await crossing.opened(waiting, "vietqr")
    slip = (await crossing.sees("trader", f"/bookings/{booking['id']}"))["slip"]["reference"]
    full = (await crossing.slot(place=3))["id"]
    one_taken = {"capacity": 1, "taken": 1, "class_taken": [int(c == "ordinary") for c in CLASSES]}
    async with running.services.store.engine.begin() as connection:
        await connection.execute(update(slots).where(slots.c.id == UUID(full)).values(one_taken))
    entry = await crossing.does("trader", f"/slots/{full}/waitlist", crossing.truck(), 201)
    way = {"gate": "KIM_THANH_II", "direction": "export"}
    live = await crossing.does("trader", "/live-queue/announcements", crossing.truck() | way, 201)
    fault = await running.services.store.perform(
        PROGRAM, lambda unit: a_fault(unit, UUID(waiting["id"]))
    )
    trader = await crossing.person("trader")
    sent = {"content-type": "application/octet-stream"}
    table = "\n".join(
        ";".join(texts) for texts in zip(*((c.en, c.example) for c in COLUMNS), strict=True)
    )
    sheet = await trader.client.post("/api/v1/declaration-files", content=table, headers=sent)
    listed = (await crossing.sees("trader", "/receipts"))["items"][0]["reference"]
    receipt = await crossing.sees("trader", f"/receipts/{listed}")
    return {
        "delegation_id": right["id"],
        "declaration_id": draft["id"],
        "lodged": goods["id"],
        "booking_id": waiting["id"],
        "entry_id": entry["id"],
        "standby_id": live["id"],
        "fault_id": str(fault.id),
        "declaration_file_id": sheet.json()["id"],
        "payment_id": pending["id"],
        "paid": payment["id"],
        "charge_id": waiting["charges"][0]["id"],
        "refund_id": refund["id"],
        "slip": slip,
        "receipt": receipt["reference"],
        "lookup": receipt["lookup_code"],
    }


@dataclass
class World:
    """The application with its people and two firms' records."""

    app: Litestar
    people: list[Somebody]
    records: list[Records]
    csrf: str


async def build(crossing: Any, running: Any, *, whole: bool = True) -> World:
    """Make everybody, and for two firms a draft or, `whole`, one of each record."""
    services = running.services
    organisations = table_of(OrganisationRow)
    async with services.store.reading() as connection:
        found = await connection.execute(select(organisations.c.tax_code, organisations.c.id))
        by_code = {row.tax_code: row.id for row in found}
    other = OrganisationRow(name="Another firm", kind="trader", tax_code="0100112437")
    await services.store.perform(PROGRAM, lambda unit: unit.add(other))
    firms = {
        "ours": by_code["0012345672"],
        "carrier": by_code["0010000104"],
        "zone": by_code[None],
    }
    everybody = await people(services, firms)
    login = await running.client.get("/login")
    csrf = login.cookies["border_csrf"]
    ours = Records("ours", firms["ours"], None, Role.CASHIER.value, Role.TRADER.value)
    theirs = Records("theirs", other.id, firms["carrier"], Role.MANAGER.value, "the carrier")
    if whole:
        ours.delegate, theirs.delegate = firms["carrier"], firms["zone"]
        ours.ids = await trade(crossing, running, None, firms["carrier"])
        shared = await of_the_zone(crossing, running)
    else:
        ours.ids["declaration_id"] = (await crossing.drafted())["id"]
    await give(services, "carrier", other.id)  # The demo's carrier now trades for that firm.
    crossing._people["trader"] = await running.sign_in("carrier")
    if whole:
        theirs.ids = await trade(crossing, running, "0010000104", firms["zone"])
        for records in (ours, theirs):
            records.ids |= shared | await shift_of(running, records.cashier)
            records.ids |= await address_of(running, records.reached)
    else:
        draft = await crossing.drafted(carrier_tax_code="0010000104")
        theirs.ids["declaration_id"] = draft["id"]
    return World(running.app, everybody, [ours, theirs], csrf)


async def give(services: Any, name: str, firm: UUID) -> None:
    """Make a demo account a trader of a firm."""
    accounts = table_of(AccountRow)

    async def work(unit: Unit) -> None:
        await unit.connection.execute(
            accounts.update()
            .where(accounts.c.email == f"{name}@demo.test")
            .values(organisation_id=firm, roles=[Role.TRADER.value])
        )

    await services.store.perform(PROGRAM, work)


async def of_the_zone(crossing: Any, running: Any) -> dict[str, str]:
    """Make the records that belong to no firm."""
    raised = await running.services.store.perform(
        PROGRAM,
        lambda unit: exception_service.raise_exception(
            unit, kind="review", key="one", gateway="vnpay"
        ),
    )
    head = "transaction_no,type,reference,amount,fee,currency,happened_at,memo\n"
    line = "1,payment,NOBODY,5,0,VND,2026-11-23T12:00:00,\n"
    accountant = await crossing.person("accountant")
    taken = await accountant.post(
        "/statements",
        files={"file": ("vnpay.csv", (head + line).encode())},
        data={"gateway": "vnpay"},
    )
    closed = await crossing.does("accountant", "/daily-closes", {"day": "2026-11-22"}, 201)
    again = f"/daily-closes/{closed['day']}/{closed['scope']}/reopenings"
    reopening = await crossing.does("accountant", again, {"reason": "Something came."}, 201)
    seed = draft_file.written(next(seeds())).replace("lao_cai_2014", "of_next_year")
    draft = seed.replace("2015-01-01", "2027-01-01").encode()
    preparer = Actor(None, "a preparer", frozenset({Role.MANAGER}))
    await running.services.store.perform(preparer, lambda unit: put_draft(unit, draft))
    slot = await crossing.slot(place=2)
    ballot = await running.services.store.perform(PROGRAM, an_open_ballot)
    statement = taken.json()["statement"]["id"]
    trucks = [await crossing.booked() for _ in range(2)]
    clock = running.clock
    before, clock.at = clock.at, datetime.fromisoformat(trucks[0]["slot_starts_at"])
    for one in trucks:
        seen = await crossing.sees("trader", f"/bookings/{one['id']}")
        await crossing.scanned(seen["slip"]["reference"], "arrival")
    line = {"gate": "KIM_THANH_II", "direction": "export"}
    call = await crossing.does("gate", "/calls/next", line, 201)
    wish = {"booking_id": trucks[1]["id"], "reason": "The driver is ill."}
    if call["booking_id"] == wish["booking_id"]:
        wish["booking_id"] = trucks[0]["id"]
    override = await crossing.does("gate", "/calls/override", wish, 201)
    clock.at = before
    return {
        "call_id": call["id"],
        "override_id": override["id"],
        "exception_id": str(raised.id),
        "statement_id": statement,
        "file_id": statement,
        "day": closed["day"],
        "of": closed["scope"],
        "reopening_id": reopening["id"],
        "code": "of_next_year",
        "slot_id": slot["id"],
        "ballot_id": str(ballot.id),
    }


async def a_fault(unit: Unit, booking_id: UUID) -> FaultRow:
    """Note that a booking was left unused."""
    booking = await unit.fetch(BookingRow, table_of(BookingRow).c.id == booking_id)
    assert booking is not None
    return await unit.create(
        FaultRow,
        "counted",
        "note",
        gate=booking.gate,
        owner_organisation_id=booking.owner_organisation_id,
        booking_id=booking.id,
        direction=booking.direction,
        fault_kind="not_come",
        ended_at=unit.at,
        expires_at=unit.at + timedelta(days=44),
    )


async def an_open_ballot(unit: Unit) -> BallotRow:
    """Announce a ballot that takes entries."""
    soon, later = unit.at - timedelta(hours=1), unit.at + timedelta(days=2)
    ballot = await unit.create(
        BallotRow,
        "announced",
        "announce",
        gate="KIM_THANH_II",
        direction="export",
        held_on=later.date(),
        begins_at=later,
        ends_at=later + timedelta(hours=3),
        opens_at=soon,
        closes_at=later,
        draw_at=later,
        offer_minutes=60,
        cooling_hours=0,
        beacons=[{"name": "sandbox-a", "round": 1}],
    )
    return await unit.move(BallotRow, ballot.id, "open")


async def address_of(running: Any, name: str) -> dict[str, str]:
    """Keep an address of an account's."""
    accounts = table_of(AccountRow)

    async def work(unit: Unit) -> UUID:
        query = select(accounts.c.id).where(accounts.c.name == name)
        account_id = (await unit.connection.execute(query)).scalar_one()
        added = await unit.create(
            ContactRow,
            "unconfirmed",
            "add",
            gate="LAO_CAI",
            account_id=account_id,
            channel="email",
            address=f"{account_id}@roles.test",
        )
        return added.id

    return {"contact_id": str(await running.services.store.perform(PROGRAM, work))}


async def shift_of(running: Any, name: str) -> dict[str, str]:
    """Open a shift for an account."""
    order = {"gate": "KIM_THANH_II"}
    answer = await running.client.post(
        "/api/v1/desk/shifts", json=order, headers={"authorization": f"Bearer {name}"}
    )
    assert answer.status_code == 201, answer.text
    return {"shift_id": answer.json()["id"]}


OFFERED = {
    "declaration": ("lodge", "release", "cancel"),
    "refund": ("approve", "withdraw", "pay_out", "record"),
    "payment_exception": ("take",),
    "tariff_resolution": ("schedule",),
}
"""Verbs of a path: one of each set of roles, for the others differ in nothing here."""


def offered(kind: str) -> tuple[str, ...]:
    """Return the verbs to try of a kind of record; of one not named above the first for people."""
    first = (verb for verb in policy.LIVES[kind].verbs if policy.needed(f"{kind}.{verb}"))
    return OFFERED.get(kind) or (next(first),)


AGENCIES = ("customs", "plant_quarantine")
NO_API = ("/static", "/fonts", "/schema", "/metrics")
"""Served by the framework from files and memory; each is declared public."""


def requests(app: Litestar, records: Records) -> Iterator[Asked]:
    """Yield every request of every route on a firm's records, each verb and agency of its own."""
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or route.path.startswith(NO_API):
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if method == "OPTIONS":
                continue
            verbs = verbs_of(handler)
            kind = verbs[-1].partition(".")[0]
            known = records.ids | named(route.path_format, records)
            ids = defaultdict(lambda: str(new_id()), known)
            parts = [{"verb": verb} for verb in offered(kind)] if "{verb}" in verbs[-1] else [{}]
            if "{agency}" in verbs[-1]:
                parts = [{"agency": agency} for agency in AGENCIES]
            for part in parts:
                yield Asked(
                    method,
                    route.path_format.format_map(ids | part),
                    route.path_format,
                    tuple(verb.format_map(part) for verb in verbs),
                    not set(route.path_parameters) <= known.keys() | part.keys(),
                )


def named(path: str, records: Records) -> dict[str, str]:
    """Return what stands in a path for a paper, and for a payment whose money can go back."""
    slip, receipt, code = (records.ids.get(name, "-") for name in ("slip", "receipt", "lookup"))
    if path.endswith("/refunds"):
        return {"payment_id": records.ids.get("paid", str(new_id()))}
    if "{record_id}" in path:
        kinds = {
            "declarations": "declaration_id",
            "waiting": "entry_id",
            "live-queue": "standby_id",
            "ballots": "ballot_id",
        }
        kind = next((kinds[part] for part in path.split("/") if part in kinds), "booking_id")
        return {"record_id": records.ids.get(kind, str(new_id())), "change": "cancel"}
    if "slips" in path or "places" in path:
        return {"reference": slip, "name": f"{slip}.pdf"}
    return {"reference": receipt, "name": f"{code}.xml"}


def body_of(asked: Asked, records: Records, csrf: str) -> tuple[bytes, bool]:
    """Return a body that gets as far as the record, and whether it is a form's."""
    if not asked.path.startswith("/api/"):
        fields = {"_csrf_token": csrf, "version": "999", "reason": "Seen.", "denominations": "1"}
        return urlencode(fields).encode(), True
    given: dict[str, Any] = {}
    if asked.template.endswith(("/slots/{slot_id}/bookings", "/waitlist", "/entries")):
        of_ballot = asked.template.endswith("/entries")
        given = ({"preferences": [str(new_id())]} if of_ballot else {}) | {
            "declaration_ids": [records.ids["lodged"]],
            "vehicle": {
                "plate": "24C-99999",
                "country": "VN",
                "class": "container_40",
                "payload_g": 28_000_000,
            },
            "driver": {"name": "Trần Văn Mẫu", "document_number": "010203004005"},
        }
    elif asked.template.endswith("/bookings/{booking_id}/move"):
        given = {"slot_id": records.ids["slot_id"]}
    elif asked.template.endswith(("/substitute_vehicle", "/change_driver")):
        name = "vehicle" if asked.template.endswith("vehicle") else "driver"
        given = {name: EXAMPLES["book_slot"]["empty"][name]}
    elif asked.template.endswith("/payments"):
        given = {"charge_ids": [records.ids["charge_id"]], "gateway": "vnpay"}
    elif asked.template.endswith("/{verb}") and "declarations" in asked.template:
        given = {"reason": "Seen.", "outcome": "conforming"}
    elif asked.template.endswith("/{agency}"):
        given = {"decision": "passed"}
    elif asked.template.endswith("/count"):
        given = {"counted_minor": 0, "denominations": []}
    elif asked.template.endswith("/deposit"):
        given = {"bank_reference": "B-1", "amount_minor": 1}
    elif asked.template.endswith("/replace"):
        given = {"reason": "Seen.", "payer_name": "Another name"}
    elif "/faults/" in asked.template or asked.template.endswith(
        ("/approve", "/waive", "/withdraw", "/refunds", "/reopenings", "/{verb}")
    ):
        given = {"reason": "Seen."}
    return json.dumps(given).encode(), False


async def differences(
    world: World, rows: set[Grant], only: str = "", *, api: bool = True
) -> list[str]:
    """Return every answer that is another than the rows promise: of a verb, of API or pages."""
    wrong = []
    for records in world.records:
        for asked in requests(world.app, records):
            if (only and only not in asked.verbs) or api is not asked.path.startswith("/api/"):
                continue
            body, form = body_of(asked, records, world.csrf)
            for somebody in world.people:
                promised = expected(rows, somebody, asked, records)
                told = promised in (401, 403) or not asked.of_a_record
                if told and records is not world.records[0]:
                    continue  # Whosever the record is: asked once is enough.
                status, code = await answered(world, somebody, asked, body, form)
                given = verdict(status, code, asked)
                scopes = {row.scope for row in rows if row.verb == asked.verbs[-1]}
                if (given, promised) == (404, ALLOWED) and asked.made_up and scopes == {Scope.ZONE}:
                    continue  # Nobody's own: all there is is that the role was let through.
                if given != promised:
                    wrong.append(
                        f"{asked.method} {asked.path} by {somebody.name} on {records.name}: "
                        f"{status} {code}, promised {promised}"
                    )
    return wrong


@pytest.fixture
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """A switch, after which every unit of work ends as it would commit."""

    async def stop(unit: Unit) -> None:
        raise NOT_KEPT()

    return lambda: monkeypatch.setattr(Unit, "write_out", stop)


# --- the tests -----------------------------------------------------------------------------------


@pytest.mark.parametrize("api", [True, False], ids=["programs", "pages"])
async def test_every_route_answers_each_role_as_the_table_says(
    crossing: Any, running: Any, nothing_kept: Callable[[], None], api: bool
) -> None:
    world = await build(crossing, running)
    before = await crossing.rows()
    nothing_kept()
    assert "\n".join(await differences(world, set(policy.rows()), api=api)) == ""
    assert await crossing.rows() == before


async def test_a_list_shows_each_role_the_records_that_the_table_says(
    crossing: Any, running: Any
) -> None:
    world = await build(crossing, running)
    rows = set(policy.rows())
    for path, key, verb in (
        ("/declarations", "declaration_id", "declaration.list"),
        ("/bookings", "booking_id", "booking.list"),
        ("/receipts", "receipt", "receipt.list"),
        ("/desk/shifts", "shift_id", "desk_shift.list"),
    ):
        for somebody in world.people[1:]:
            bearer = {"authorization": f"Bearer {somebody.token}"}
            answer = await running.client.get(f"/api/v1{path}", headers=bearer)
            mine = {row.scope for row in rows if row.verb == verb and row.role in held(somebody)}
            if not mine:
                assert answer.status_code == 403
                continue
            name = "reference" if key == "receipt" else "id"
            shown = {one[name] for one in answer.json()["items"]}
            for records in world.records:
                sees = bool(mine & within(somebody, records, verb.partition(".")[0]))
                assert (records.ids[key] in shown) == sees, (path, somebody.name, records.name)


def held(somebody: Somebody) -> set[str]:
    """Return the roles of somebody who is signed in."""
    return {ANYONE, SIGNED_IN, *somebody.roles}


@pytest.mark.parametrize(
    ("verb", "role", "scopes"),
    [
        ("declaration.lodge", Role.TRADER, set()),
        ("declaration.lodge", Role.MANAGER, {Scope.ZONE}),
        ("declaration.lodge", Role.TRADER, {Scope.OWN, Scope.ZONE}),
        ("declaration.read", Role.GATE_STAFF, set()),
        ("event.read", Role.PLATFORM, set()),
        ("board.read", ANYONE, set()),
    ],
)
async def test_a_row_too_few_or_too_many_is_found(
    crossing: Any,
    running: Any,
    nothing_kept: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    role: str,
    scopes: set[Scope],
) -> None:
    world = await build(crossing, running, whole=False)
    rows = set(policy.rows())
    nothing_kept()
    assert await differences(world, rows, only=verb) == []
    # The control: what the routes ask is another table than what is promised.
    changed = policy.TABLE[verb] | {role: frozenset(scopes)}
    monkeypatch.setitem(policy.TABLE, verb, {r: s for r, s in changed.items() if s})
    assert await differences(world, rows, only=verb) != []


@pytest.mark.parametrize(
    "declared", [{}, {"verb": "declaration.burn"}, {"verb": ("page.trader", "no.verb")}]
)
def test_a_route_that_declares_no_verb_of_the_table_is_not_served(declared: dict[str, Any]) -> None:
    @get("/forgotten", **declared)
    async def forgotten() -> str:
        return "anybody"

    with pytest.raises(LookupError, match=r"declares no verb|no row says"):
        refuse_undeclared(Litestar([forgotten], openapi_config=None))


def test_the_table_and_the_moves_say_the_same_of_every_life() -> None:
    for life in LIVES.values():
        for verb in life.verbs:
            by = {role for move in life.of(verb) for role in move.by}
            if life.name == "clearance":  # Each agency its own, under a verb of its own.
                assert by - {SYSTEM} == {
                    role
                    for name, scopes in policy.TABLE.items()
                    if name.startswith("clearance.decide_")
                    for role in scopes
                }
            else:
                assert set(policy.TABLE[life.event(verb)]) == by
