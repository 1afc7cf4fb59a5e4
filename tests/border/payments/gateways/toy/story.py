"""A payment through the toy, from the order to the close; run in a copy that has the toy.

usage: story.py FOLDER, with the servers, BORDER_TOY_URL and BORDER_TOY_SECRET in the environment
"""

import asyncio
import hmac
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from argon2 import PasswordHasher
from litestar import Litestar
from sqlalchemy import select

import border
from api.app import create_app
from api.cli import doctor, seed
from api.demo import accounts
from api.documents.settings import settings_page
from api.http.security import COOKIE
from api.zone import Services, open_services
from border.core.actor import PROGRAM
from border.core.clock import local_date
from border.core.money import Money
from border.core.store import Unit, table_of
from border.identity import service as identity
from border.identity.tables import AccountRow
from border.paper.fonts import prepare_fonts
from border.payments.charges.charge_service import NewCharge, charges_on, owe_many
from border.payments.charges.tables import ChargeRow
from border.payments.collection import notice_service
from border.payments.receipts.renderers import GATEWAYS
from border.payments.reconciliation.matching import payer_in
from border.payments.tariffs.assessment import Assessment
from border.settings import Settings

FEE = Money(800_000, "VND")
SUBJECT = "BKG-AAAA-BBBB-C"
SECRET = "between the toy and the gate"


def signed(order: str, number: str, secret: str = SECRET) -> dict[str, Any]:
    """Return the toy's notice of a payment."""
    text = f"{order} {FEE.minor} {number}"
    mac = hmac.digest(secret.encode(), text.encode(), "sha256").hex()
    return {"order": order, "sum": FEE.minor, "number": number, "mac": mac}


async def tell(app: Litestar, client: httpx.AsyncClient) -> None:
    """Pay a charge through the toy, and go on to the statement and the receipt's words."""
    services: Services = app.state.services

    async def signed_in(name: str) -> None:
        login = {"email": f"{name}@demo.test", "password": accounts.PASSWORD}
        answer = (await client.post("/api/v1/login", json=login)).json()
        client.headers["Authorization"] = f"Bearer {answer['token']}"

    await signed_in("trader")
    account = table_of(AccountRow)
    async with services.store.reading() as connection:
        found = select(account.c.organisation_id).where(account.c.email == "trader@demo.test")
        firm: UUID = await connection.scalar(found)

    async def charge(unit: Unit) -> ChargeRow:
        fee = NewCharge(
            kind="infrastructure_fee",
            subject=SUBJECT,
            gate="KIM_THANH_II",
            payer_organisation_id=firm,
            assessment=Assessment(FEE, (), ("a",)),
        )
        [owed] = await owe_many([(unit, fee)])
        return owed

    owed = await services.store.perform(PROGRAM, charge)
    asked = {"charge_ids": [str(owed.id)], "gateway": "toy"}
    opened = (await client.post("/api/v1/payments", json=asked)).json()
    address = f"https://toy.test/pay?order={opened['reference']}&sum={FEE.minor}"
    assert opened["checkout"] == {"redirect_url": address}, opened
    forged = signed(opened["reference"], "T-1", "guessed")
    true = signed(opened["reference"], "T-1")
    for notice, taken in ((forged, False), (true, True), (true, True)):
        answer = await client.post("/api/v1/payments/toy/told", json=notice)
        assert (answer.status_code, answer.json()) == (200, {"taken": taken}), answer.text
    await notice_service.process_inbox(services.store)
    seen = (await client.get(f"/api/v1/payments/{opened['id']}")).json()
    assert (seen["state"], seen["gateway"]) == ("paid", "toy"), seen
    async with services.store.reading() as connection:
        assert (await charges_on(connection, [SUBJECT]))[SUBJECT][0].state == "settled"
    back = await client.get("/api/v1/payments/toy/return", params={"ref": opened["reference"]})
    assert back.headers["location"] == f"/trader/payments/{opened['id']}"
    document = (await client.get("/schema/openapi.json")).json()
    assert document["paths"]["/api/v1/payments/toy/told"]["post"]["operationId"] == "toy_told"
    await reconciled(app, client, signed_in, opened["reference"])


async def reconciled(
    app: Litestar, client: httpx.AsyncClient, signed_in: Any, reference: str
) -> None:
    """Match the toy's statement, close its day, ask for the money back, read its names."""
    services: Services = app.state.services
    await signed_in("accountant")
    day = local_date(services.store.clock.now()).isoformat()
    statement = (
        "transaction_no,type,reference,amount,fee,currency,happened_at,memo\n"
        f"T-1,payment,{reference},{FEE.minor},,VND,{day}T12:00:00,\n"
    )
    sent = {"file": ("toy.csv", statement.encode())}
    answer = await client.post("/api/v1/statements", files=sent, data={"gateway": "toy"})
    assert answer.status_code in (200, 201), answer.text
    assert answer.json()["statement"]["gateway"] == "toy", answer.text
    lines = (await client.get(f"/api/v1/statements/{answer.json()['statement']['id']}")).json()
    assert "matched" in str(lines), lines
    entered = await identity.sign_in(
        services.store, "accountant@demo.test", accounts.PASSWORD, "page"
    )
    seat = {"cookies": {COOKIE: entered.token}, "headers": {"accept": "text/html"}}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=str(client.base_url), **seat
    ) as browser:
        for path in ("/accountant", "/accountant/closes", "/accountant/statements"):
            page = await browser.get(path)
            assert '<option value="toy"' in page.text, path
            assert "Toy money" in page.text, path
    assert GATEWAYS["toy"] == "Toy"
    assert payer_in("TOYSHOP QT 23/11") == "toy"


async def main(folder: Path) -> None:
    """Put the services together from the environment alone, and tell the story."""
    assert Path(border.__file__).is_relative_to(folder)
    settings = Settings(_env_file=None, data_dir=folder / "data", mode="demo")
    assert settings.gateways["toy"].ready
    assert "`BORDER_TOY_URL`" in settings_page()
    services = open_services(settings, fonts=prepare_fonts(Path.cwd() / ".state" / "tests"))
    assert [kind.code for kind in services.gateways.kinds] == ["vietqr", "toy"]
    identity._HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    await seed.load_reference(services.store)
    await accounts.load(services.store)
    app = create_app(lambda: services, background=False)
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=settings.base_url) as client,
    ):
        await tell(app, client)
        assert (await doctor.examine(settings))["sandbox"]["toy_url"] == "https://toy.test/pay"


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
