"""The accounts of the demonstration. They exist in demo mode only; production refuses them."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from api.demo.names import person
from border.core.actor import QUARANTINE, Role
from border.core.store import PROGRAM, Store, Unit, table_of
from border.core.words import N_
from border.identity.service import hash_password
from border.identity.tables import AccountRow, OrganisationRow

PASSWORD = "demo-zone-2026"  # noqa: S105  (printed on the login page of the demonstration)
_BOARD = ("Ban Quản lý Khu kinh tế tỉnh Lào Cai", "authority", None)
_TRADER = ("Công ty mẫu Xuất nhập khẩu Đỏ Hồng", "trader", "0012345672")
_CARRIER = ("Công ty mẫu Vận tải Sông Hồng", "carrier", "0010000104")

ACCOUNTS = (
    {"email": "trader@demo.test", "says": N_("Trader: declares, books, pays")},
    {"email": "carrier@demo.test", "says": N_("Carrier: books and drives")},
    {"email": "gate@demo.test", "says": N_("Gate staff and cash desk")},
    {"email": "officer@demo.test", "says": N_("Customs officer")},
    {"email": "officer2@demo.test", "says": N_("Second customs officer")},
    {"email": "guard@demo.test", "says": N_("Border guard")},
    {"email": "quarantine@demo.test", "says": N_("Plant, animal and health quarantine")},
    {"email": "accountant@demo.test", "says": N_("Accountant of the zone")},
    {"email": "manager@demo.test", "says": N_("Zone management board")},
    {"email": "platform@demo.test", "says": N_("The province's platform")},
)

_ROLES: dict[str, tuple[tuple[str, str, str | None], tuple[Role, ...]]] = {
    "trader": (_TRADER, (Role.TRADER,)),
    "carrier": (_CARRIER, (Role.CARRIER,)),
    "gate": (_BOARD, (Role.GATE_STAFF, Role.CASHIER)),
    "officer": (_BOARD, (Role.CUSTOMS_OFFICER,)),
    "officer2": (_BOARD, (Role.CUSTOMS_OFFICER,)),
    "guard": (_BOARD, (Role.BORDER_GUARD,)),
    "quarantine": (_BOARD, QUARANTINE),
    "accountant": (_BOARD, (Role.ACCOUNTANT,)),
    "manager": (_BOARD, (Role.MANAGER, Role.CASHIER)),
    "platform": (_BOARD, (Role.PLATFORM,)),
}


async def load(store: Store) -> None:
    """Make the demo accounts that are missing. writes: organisation, account."""
    organisations, accounts = table_of(OrganisationRow), table_of(AccountRow)
    async with store.reading() as connection:
        there = set((await connection.scalars(select(accounts.c.email))).all())
    missing = {name: given for name, given in _ROLES.items() if _address(name) not in there}
    if not missing:
        return
    hashed = await hash_password(PASSWORD)

    async def work(unit: Unit) -> None:
        for name, ((firm, kind, tax_code), roles) in missing.items():
            organisation = await unit.fetch(OrganisationRow, organisations.c.name == firm)
            if organisation is None:
                organisation = await unit.add(
                    OrganisationRow(name=firm, kind=kind, tax_code=tax_code)
                )
            await unit.add(
                AccountRow(
                    email=_address(name),
                    name=person(name),
                    password_hash=hashed,
                    roles=[str(role) for role in roles],
                    organisation_id=organisation.id,
                    demo=True,
                )
            )

    await store.perform(PROGRAM, work)


def _address(name: str) -> str:
    return f"{name}@demo.test"


async def any_left(connection: AsyncConnection) -> bool:
    """Say whether an active demo account exists: production must refuse to start then."""
    table = table_of(AccountRow)
    statement = select(table.c.id).where(table.c.demo, table.c.active).limit(1)
    return (await connection.execute(statement)).one_or_none() is not None
