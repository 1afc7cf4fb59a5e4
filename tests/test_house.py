"""The rules of the house, read from the source: who imports whom, commits, asks the time.

Every check is a function from one module's syntax to the faults it finds, and is first shown
to find the fault it is there for.
"""

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median

import pytest

PROJECT = Path(__file__).parents[1]
FLOORS = ("border", "customs", "logistics", "api")
"""From the ground up; what stands on a lower floor knows nothing of a higher one."""
LONGEST = 400

MAY_COMMIT = {
    "border.core.store": "the one place that commits",
    "border.migrations": "Alembic runs each migration in a transaction of its own",
    "border.sandbox": "another firm's system with books of its own",
    "border.embedded": "makes the database before there is a store on it",
}
MAY_REFUSE_A_ROLE = {
    "border.identity.policy": "the one table",
    "border.core.unit": "holds a move to its own `by`, from which the table's rows are read",
}
MAY_ASK_THE_TIME = {"border.core.clock": "the one place that asks"}
MONEY = ("border.core.money", "border.payments")
LAYERS = (
    "ledger",
    "tariffs",
    "exceptions",
    "charges",
    "gateways",
    "collection",
    "desk",
    "refunds",
    "receipts",
    "reconciliation",
)
"""The packages of `border.payments` from the ground up; what stands lower knows nothing above."""
FACE = "border.payments.face"
"""All that the packages above need of payments; only `api` looks at a layer itself."""
MONEY_WORDS = {"minor", "amount", "amounts", "fee", "fees"}
RULES = {
    "border.core": ("lifecycle", "money", "shares", "ids", "refusal"),
    "border.identity": ("delegation",),
    "border.messages.channels.webpush": ("sealing",),
    "border.messages": ("contact", "message", "occasion", "text_rules", "wording"),
    "border.payments.charges": ("charge",),
    "border.payments.collection": ("payment", "settlement"),
    "border.payments.gateways": ("emv_qr", "evidence", "transfer_reference", "wire"),
    "border.payments.gateways.portal": ("answer", "digest", "messages", "receipt"),
    "border.payments.gateways.vietqr": ("messages", "payos"),
    "border.payments.gateways.vnpay": ("messages",),
    "border.payments.ledger": ("book",),
    "border.payments.exceptions": ("exception",),
    "border.payments.refunds": ("refund", "suspense"),
    "border.payments.desk": ("shift",),
    "border.payments.receipts": ("amount_words", "lookup_code", "receipt"),
    "border.payments.tariffs": ("tariff", "rule", "resolution", "assessment", "comparison"),
    "customs": (
        "declaration",
        "clearance",
        "release",
        "selectivity",
        "checking",
        "nomenclature",
        "code_search",
        "code_proposal",
        "goods_words",
        "usual_handling",
    ),
    "customs.intake": (
        "cell_values",
        "declaration_file",
        "drafted",
        "ecus5",
        "recognising",
        "row",
        "table",
        "template",
        "wco",
        "wco_parts",
        "wco_written",
    ),
    "customs.risk": ("case", "measures", "rank", "ranker"),
    "logistics": (
        "slot",
        "booking",
        "closed_hour",
        "beneficiary",
        "entitlement",
        "finding",
        "passage",
        "check",
        "gate_check",
        "scan_fact",
        "scan_clash",
        "slip_token",
        "lots",
        "share",
        "share_rules",
        "slot_rules",
    ),
    "logistics.waiting": ("draw", "waiting", "terms"),
    "logistics.standby": ("standby",),
    "logistics.calling": ("accuracy", "call", "order", "prediction", "terms"),
    "logistics.ballot": ("drawing", "ballot", "terms"),
    "logistics.capacity": ("limit", "displacement", "outcome", "template"),
    "logistics.changing": ("change",),
    "logistics.simulation": ("measures", "rules"),
    "logistics.fleet": ("fleet", "fleet_file"),
    "logistics.fairness": ("fault", "ladder", "holds", "rush"),
    "logistics.faults": ("excuse",),
    "logistics.integrity": ("concentration",),
    "logistics.telling": ("occasions",),
}
RULE_FILES = frozenset(f"{package}.{name}" for package, names in RULES.items() for name in names)
IMPURE = {"sqlalchemy", "sqlmodel", "asyncpg", "redis", "litestar", "httpx", "asyncio"}
HISTORY = {"border.migrations.versions": "as long as the tables it makes, in Alembic's own words"}


@dataclass(frozen=True)
class Module:
    """One module of the product."""

    name: str
    source: str
    is_package: bool = False

    @cached_property
    def tree(self) -> ast.Module:
        """The module's syntax."""
        return ast.parse(self.source)

    def below(self, *packages: str) -> bool:
        """Say whether the module is one of `packages` or inside one."""
        return any(self.name == p or self.name.startswith(f"{p}.") for p in packages)

    def imported(self) -> Iterator[tuple[str, str]]:
        """Yield (module, name) of every import, inside functions too; name is "" for `import x`."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from ((alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                whole = self.name.split(".")
                near = whole[: len(whole) - node.level + self.is_package] if node.level else []
                source = ".".join([*near, *([node.module] if node.module else [])])
                yield from ((source, alias.name) for alias in node.names)

    def imports(self) -> set[str]:
        """Return every dotted name the module imports."""
        return {f"{module}.{name}" if name else module for module, name in self.imported()}


def modules() -> Iterator[Module]:
    """Yield every module of the product."""
    for floor in FLOORS:
        for path in sorted((PROJECT / floor).rglob("*.py")):
            parts = path.relative_to(PROJECT).with_suffix("").parts
            is_package = parts[-1] == "__init__"
            name = ".".join(parts[:-1] if is_package else parts)
            yield Module(name, path.read_text(encoding="utf-8"), is_package)


PRODUCT = tuple(modules())


def spoken(node: ast.expr) -> str:
    """Return the last name of an expression: `engine` of `self._store.engine`."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case ast.Call(func=function):
            return spoken(function)
    return ""


def calls(module: Module) -> Iterator[tuple[str, str, int]]:
    """Yield (owner, name, line) of every call: `("date", "today", 7)` of `date.today()`."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call):
            owner = spoken(node.func.value) if isinstance(node.func, ast.Attribute) else ""
            yield owner, spoken(node.func), node.lineno


def climbs(module: Module) -> Iterator[str]:
    """A lower floor imports a higher one."""
    floor = FLOORS.index(module.name.partition(".")[0])
    for name in module.imports():
        if name.partition(".")[0] in FLOORS[floor + 1 :]:
            yield f"imports {name}"


def mixes_sandbox_and_payments(module: Module) -> Iterator[str]:
    """The pretended firm and the client that is tried against it share code."""
    for other in ("border.payments", "border.messages"):
        yield from _shares(module, "border.sandbox", other)


def _shares(module: Module, *sides: str) -> Iterator[str]:
    for here, there in (sides, sides[::-1]):
        if module.below(here):
            yield from (f"imports {n}" for n in module.imports() if Module(n, "").below(there))


def climbs_in_payments(module: Module) -> Iterator[str]:
    """A layer of payments imports a higher one, or a module of payments stands in no layer."""
    if not module.below("border.payments") or module.name in ("border.payments", FACE):
        return
    layer = module.name.split(".")[2]
    if layer not in LAYERS or (module.name.count(".") == 2 and not module.is_package):
        yield "stands in no layer of payments"
        return
    for name in module.imports():
        there = [*name.split("."), "", ""][2] if name.startswith("border.payments.") else layer
        if there not in LAYERS or LAYERS.index(there) > LAYERS.index(layer):
            yield f"imports {name}"


def goes_behind_the_face(module: Module) -> Iterator[str]:
    """What the face of payments offers is taken from a layer; below `api`, anything is."""
    faced = {name for source, name in face().imported() if Module(source, "").below("border")}
    for source, name in module.imported():
        whole = f"{source}.{name}" if name else source
        behind = Module(whole, "").below("border.payments") and not Module(whole, "").below(FACE)
        if behind and (
            module.below("customs", "logistics") or (module.below("api") and name in faced)
        ):
            yield f"imports {whole}"
    if module.below("api"):
        for owner, name, line in calls(module):
            if owner == "charge_service" and name in faced:
                yield f"{owner}.{name}() in line {line}"


def names_a_gateway(module: Module) -> Iterator[str]:
    """A gateway is named outside its own folder and its row of settings, as in a list of them."""
    here = module.name.removeprefix("border.payments.gateways.").partition(".")[0]
    others = gateways() - {here}
    if module.below("border.settings", "border.sandbox", "border.migrations"):
        return
    for name in module.imports():
        if name.startswith("border.payments.gateways.") and name.split(".")[3] in others:
            yield f"imports {name}"
    for node in ast.walk(module.tree):
        match node:
            case ast.Constant(value=str(name)) if name in others:
                yield f"{name!r} in line {node.lineno}"
            case ast.Attribute(attr=name) if name in others and "settings" in spoken(node.value):
                yield f"settings.{name} in line {node.lineno}"


def gateways() -> set[str]:
    """Return the names of the gateways: whatever has an adapter."""
    return {module.name.split(".")[3] for module in PRODUCT if module.name.endswith(".adapter")}


def face() -> Module:
    """Return the face of payments."""
    return next(module for module in PRODUCT if module.name == FACE)


def commits(module: Module) -> Iterator[str]:
    """Somebody else than the store begins or commits a transaction."""
    if not module.below(*MAY_COMMIT):
        for owner, name, line in calls(module):
            if name == "commit" or (name == "begin" and owner.endswith("engine")):
                yield f"{owner}.{name}() in line {line}"


def asks_the_time(module: Module) -> Iterator[str]:
    """Somebody else than the clock asks a clock, the database's included."""
    if not module.below(*MAY_ASK_THE_TIME):
        asked = {
            *(("datetime", name) for name in ("now", "utcnow", "today")),
            *(("date", name) for name in ("today",)),
            *(("time", name) for name in ("time", "time_ns", "localtime", "gmtime")),
            *(("func", name) for name in ("now", "current_timestamp", "clock_timestamp")),
        }
        for owner, name, line in calls(module):
            if (owner, name) in asked:
                yield f"{owner}.{name}() in line {line}"
        for source, name in module.imported():
            if (source, name) in {("time", "time"), ("time", "time_ns")}:
                yield f"imports {name} from {source}"


def counts_money_in_floats(module: Module) -> Iterator[str]:
    """A float stands where money is counted, or beside a name that says money."""
    for node in ast.walk(module.tree):
        if module.below(*MONEY):
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                yield f"the float {node.value} in line {node.lineno}"
            if isinstance(node, ast.Call) and spoken(node.func) == "float":
                yield f"float() in line {node.lineno}"
        match node:
            case ast.AnnAssign(target=ast.expr() as target, annotation=annotation):
                name = spoken(target)
            case ast.arg(arg=name, annotation=ast.expr() as annotation):
                pass
            case (
                ast.FunctionDef(name=name, returns=ast.expr() as annotation)
                | ast.AsyncFunctionDef(name=name, returns=ast.expr() as annotation)
            ):
                pass
            case _:
                continue
        floats = any(isinstance(n, ast.Name) and n.id == "float" for n in ast.walk(annotation))
        if floats and MONEY_WORDS.intersection(name.lower().split("_")):
            yield f"{name} is a float"


def goes_undescribed(module: Module) -> Iterator[str]:
    """A module, or a public class or function, says not what it is for."""
    if not ast.get_docstring(module.tree):
        yield "the module has no docstring"
    if module.below(*HISTORY):
        return
    described = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    for node in module.tree.body:
        inner = node.body if isinstance(node, ast.ClassDef) else []
        whole = (
            [node]
            if isinstance(node, ast.ClassDef) and node.name.startswith("_")
            else [node, *inner]
        )
        for part in whole:
            if isinstance(part, described) and not part.name.startswith("_"):
                overload = any(spoken(d) in ("overload", "setter") for d in part.decorator_list)
                if not ast.get_docstring(part) and not overload:
                    yield f"{part.name} in line {part.lineno} has no docstring"


def is_too_long(module: Module) -> Iterator[str]:
    """A file says more than one thing."""
    lines = len(module.source.splitlines())
    if lines > LONGEST and not module.below(*HISTORY):
        yield f"{lines} lines"


def is_impure(module: Module) -> Iterator[str]:
    """A file of rules reaches for a database, the wire or the event loop."""
    if module.name in RULE_FILES:
        yield from (f"imports {n}" for n in module.imports() if n.partition(".")[0] in IMPURE)
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Await | ast.AsyncFor | ast.AsyncWith):
                yield f"waits in line {node.lineno}"


def decides_by_role(module: Module) -> Iterator[str]:
    """Somebody else than the one table says which roles may do something."""
    if not module.below(*MAY_REFUSE_A_ROLE):
        yield from (f"imports {n}" for n in module.imports() if n.endswith(".NOT_ALLOWED"))
        for owner, name, line in calls(module):
            if owner == "roles" and name in ("isdisjoint", "intersection", "issubset"):
                yield f"compares roles in line {line}"


def answers_a_form_itself(module: Module) -> Iterator[str]:
    """A page with forms catches a refusal, or takes a form beside the function that answers it."""
    functions = [node for node in ast.walk(module.tree) if isinstance(node, ast.AsyncFunctionDef)]
    posts = [one for one in functions if "post" in map(spoken, one.decorator_list)]
    if not module.below("api.pages") or module.below("api.pages.kit") or not posts:
        return
    for one in posts:
        if "sent" not in [argument.arg for argument in one.args.args]:
            yield f"{one.name} takes a form otherwise than as `sent`"
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and "Refusal" in caught_by(node):
            yield f"catches a refusal in line {node.lineno}"


def caught_by(handler: ast.ExceptHandler) -> set[str]:
    """Return the names of the exceptions that a handler takes."""
    named = ast.walk(handler.type) if handler.type else ()
    return {spoken(node) for node in named if isinstance(node, ast.expr)}


Check = Callable[[Module], Iterator[str]]
A_POST = '@post("/gate/desk")\nasync def take(sent):'
BROKEN: tuple[tuple[Check, str, str], ...] = (
    (climbs, "border.core.money", "def f() -> None:\n    from customs.draft import Draft"),
    (climbs, "customs.draft", "import logistics.slot"),
    (climbs, "logistics.slot", "import api"),
    (
        mixes_sandbox_and_payments,
        "border.sandbox.app",
        "from border.payments.gateways import vnpay",
    ),
    (
        mixes_sandbox_and_payments,
        "border.payments.charges.charge",
        "from ...sandbox.books import Books",
    ),
    (
        climbs_in_payments,
        "border.payments.ledger.book",
        "from border.payments.tariffs.tariff import Assessment",
    ),
    (
        climbs_in_payments,
        "border.payments.collection.payment_service",
        "def f() -> None:\n    from border.payments.desk import drawer_service",
    ),
    (climbs_in_payments, "border.payments.desk.report", "import border.payments.refunds.tables"),
    (climbs_in_payments, "border.payments.desk.report", "from border.payments import refunds"),
    (climbs_in_payments, "border.payments.desk.report", "from border.payments.face import owe"),
    (climbs_in_payments, "border.payments.takings", "import os"),
    (climbs_in_payments, "border.payments.new_layer.rule", "import os"),
    (
        goes_behind_the_face,
        "logistics.booking_service",
        "from border.payments.charges import charge_service",
    ),
    (goes_behind_the_face, "customs.lodging_service", "import border.payments.tariffs.storage"),
    (
        goes_behind_the_face,
        "api.http.shapes",
        "from border.payments.charges.tables import ChargeRow",
    ),
    (goes_behind_the_face, "api.pages.desk", "await charge_service.charges_on(connection, [])"),
    (names_a_gateway, "border.payments.reconciliation.matching", 'DIRECT = ("vietqr",)'),
    (names_a_gateway, "api.pages.trader.transfer", "bank = self.settings.vietqr.bank"),
    (
        names_a_gateway,
        "border.payments.refunds.request_service",
        "from border.payments.gateways.vnpay.messages import Vnpay",
    ),
    (
        names_a_gateway,
        "border.payments.gateways.portal.client",
        "from border.payments.gateways.vnpay.query import PATIENCE_S",
    ),
    (commits, "customs.release_service", "await connection.commit()"),
    (commits, "border.storehouse", "async with self.engine.begin() as connection: ..."),
    (asks_the_time, "customs.draft", "at = datetime.now(UTC)"),
    (asks_the_time, "customs.draft", "at = datetime.datetime.utcnow()"),
    (asks_the_time, "border.clockwork", "on = date.today()"),
    (asks_the_time, "api.app", "at = time.time()"),
    (asks_the_time, "api.app", "from time import time"),
    (asks_the_time, "logistics.storage", "update(t).values(at=func.now())"),
    (counts_money_in_floats, "border.payments.tariffs.tariff", "RATE = 0.1"),
    (counts_money_in_floats, "border.core.money", "share = float(minor)"),
    (counts_money_in_floats, "api.http.shapes", "fee_minor: float = 0"),
    (counts_money_in_floats, "customs.draft", "def f(amount: float | None) -> None: ..."),
    (counts_money_in_floats, "customs.draft", "def fee(count: int) -> float: ..."),
    (goes_undescribed, "customs.draft", "import os"),
    (goes_undescribed, "customs.draft", '"""Drafts."""\ndef lodge() -> None: ...'),
    (goes_undescribed, "customs.draft", '"""Drafts."""\nclass Draft: ...'),
    (
        goes_undescribed,
        "customs.draft",
        '"""Drafts."""\nclass Draft:\n    """One."""\n    async def lodge(self) -> None: ...',
    ),
    (is_too_long, "customs.draft", "\n" * (LONGEST + 1)),
    (decides_by_role, "customs.draft_service", "from border.core.refusal import NOT_ALLOWED"),
    (decides_by_role, "api.app", "seen = actor.roles.isdisjoint(STAFF)"),
    (
        answers_a_form_itself,
        "api.pages.gate.desk",
        f"{A_POST}\n    try: ...\n    except (Refusal, ValueError): ...",
    ),
    (
        answers_a_form_itself,
        "api.pages.gate.desk",
        f"{A_POST} ...\nasync def f():\n    try: ...\n    except Refusal as no: raise",
    ),
    (
        answers_a_form_itself,
        "api.pages.gate.desk",
        '@post("/gate/desk")\nasync def take(request, services): ...',
    ),
    (is_impure, "customs.release", "from sqlalchemy import select"),
    (is_impure, "logistics.slot", "def f() -> None:\n    import asyncio"),
    (
        is_impure,
        "border.payments.gateways.vnpay.messages",
        "async def ask() -> None:\n    await answer()",
    ),
)
SOUND: tuple[tuple[Check, str, str], ...] = (
    (climbs, "api.app", "import border.core.money, customs.draft, logistics.slot"),
    (mixes_sandbox_and_payments, "border.sandbox.app", "from border.core.words import N_"),
    (
        climbs_in_payments,
        "border.payments.receipts.storage",
        "from border.payments.refunds.tables import RefundRow",
    ),
    (climbs_in_payments, FACE, "from border.payments.charges.charge_service import owe_many"),
    (goes_behind_the_face, "logistics.slip_service", f"from {FACE} import charges_on"),
    (goes_behind_the_face, "api.pages.desk", "await charge_service.waive(unit, id, reason)"),
    (names_a_gateway, "border.payments.gateways.vnpay.messages", 'code = "vnpay"'),
    (
        names_a_gateway,
        "border.settings",
        "from border.payments.gateways.vnpay.adapter import VNPAY",
    ),
    (commits, "border.core.store", "async with self.engine.begin() as connection: ..."),
    (commits, "customs.release_service", "await store.perform(actor, work)"),
    (asks_the_time, "border.core.clock", "at = datetime.now(UTC)"),
    (asks_the_time, "customs.draft", "at = clock.now()"),
    (counts_money_in_floats, "api.app", "seconds: float = 0.5"),
    (counts_money_in_floats, "border.payments.tariffs.tariff", "fee_minor: int = 10"),
    (goes_undescribed, "customs.draft", '"""Drafts."""\ndef _lodge() -> None: ...'),
    (is_too_long, "customs.draft", "\n" * LONGEST),
    (decides_by_role, "border.identity.policy", "from border.core.refusal import NOT_ALLOWED"),
    (decides_by_role, "api.app", "from border.core.refusal import NOT_FOUND"),
    (
        answers_a_form_itself,
        "api.pages.gate.desk",
        f"{A_POST} return await sent.act(work, again)",
    ),
    (
        answers_a_form_itself,
        "api.pages.public.receipts",
        "async def f():\n    try: ...\n    except Refusal: ...",
    ),
    (answers_a_form_itself, "api.routes.scans", "try: scan()\nexcept Refusal: ..."),
    (is_impure, "customs.storage", "from sqlalchemy import select"),
    (is_impure, "customs.release", "from border.core.money import Money"),
    (
        is_impure,
        "border.payments.gateways.evidence",
        "class G(Protocol):\n    async def ask(self): ...",
    ),
)
CHECKS = tuple(dict.fromkeys(check for check, _, _ in BROKEN))


def named(value: object) -> str | None:
    """Return how a parameter reads in a test's name."""
    return getattr(value, "__name__", None)


@pytest.mark.parametrize(("check", "name", "source"), BROKEN, ids=named)
def test_the_check_finds_what_it_is_there_for(check: Check, name: str, source: str) -> None:
    assert list(check(Module(name, source)))


@pytest.mark.parametrize(("check", "name", "source"), SOUND, ids=named)
def test_the_check_leaves_alone_what_is_sound(check: Check, name: str, source: str) -> None:
    assert list(check(Module(name, source))) == []


@pytest.mark.parametrize("check", CHECKS, ids=named)
def test_the_house_is_in_order(check: Check) -> None:
    faults = [f"{module.name}: {fault}" for module in PRODUCT for fault in check(module)]
    assert faults == [], check.__doc__


def cycle(product: tuple[Module, ...]) -> list[str]:
    """Return the names of modules that import each other in a ring; none if there is no ring.

    `from package import name` leads to the module `package.name` where there is one.
    """
    known = {module.name for module in product}
    leads_to = {
        module.name: {
            target
            for source, name in module.imported()
            if (target := f"{source}.{name}" if f"{source}.{name}" in known else source) in known
        }
        for module in product
    }
    while free := {name for name, targets in leads_to.items() if not targets}:
        leads_to = {n: targets - free for n, targets in leads_to.items() if n not in free}
    if not leads_to:
        return []
    way = [next(iter(sorted(leads_to)))]
    while way[-1] not in way[:-1]:
        way.append(min(leads_to[way[-1]]))
    return way[way.index(way[-1]) :]


def test_a_ring_of_imports_is_found() -> None:
    ring = (
        Module("customs.a", "from customs import b"),
        Module("customs.b", "def f() -> None:\n    import customs.c"),
        Module("customs.c", "from .a import x"),
        Module("customs.d", "import customs.a"),
    )
    assert cycle(ring) == ["customs.a", "customs.b", "customs.c", "customs.a"]
    assert cycle((*ring[1:],)) == []


def test_no_page_names_a_gateway() -> None:
    named = re.compile(rf"[\"'](?:{'|'.join(sorted(gateways()))})[\"']")
    pages = [*(PROJECT / "api" / "templates").rglob("*.html"), *(PROJECT / "api").rglob("*.js")]
    assert len(gateways()) >= 3
    assert named.search('{% if "vietqr" in pay_by %}')
    assert [page.name for page in pages if named.search(page.read_text(encoding="utf-8"))] == []


def test_no_modules_import_each_other_in_a_ring() -> None:
    assert cycle(PRODUCT) == []


def packages(product: tuple[Module, ...]) -> tuple[Module, ...]:
    """Return the packages as modules of their own, each importing what its files import.

    A package and those inside it are one family: what they take of each other is no ring.
    """
    home = {m.name: m.name if m.is_package else m.name.rpartition(".")[0] for m in product}
    lines: dict[str, set[str]] = {name: set() for name in home.values()}
    for module in product:
        here = home[module.name]
        for source, name in module.imported():
            there = home.get(f"{source}.{name}", home.get(source, here))
            if not f"{there}.".startswith(f"{here}.") and not f"{here}.".startswith(f"{there}."):
                lines[here].add(f"import {there}")
    return tuple(
        Module(name, "\n".join(sorted(imports)), is_package=True) for name, imports in lines.items()
    )


def test_a_ring_of_packages_is_found_where_no_modules_form_one() -> None:
    product = (
        Module("border.a", "", is_package=True),
        Module("border.b", "", is_package=True),
        Module("border.a.one", "import border.b.two"),
        Module("border.b.two", ""),
        Module("border.b.three", "import border.a.four"),
        Module("border.a.four", ""),
    )
    assert cycle(product) == []
    assert set(cycle(packages(product))) == {"border.a", "border.b"}


def test_no_packages_import_each_other_in_a_ring() -> None:
    assert cycle(packages(PRODUCT)) == []


def namesakes(product: tuple[Module, ...]) -> dict[str, list[str]]:
    """Return the public classes that share a name, each with the modules that define one.

    What several things are called is understood by nobody without looking up which one is meant.
    """
    defined: dict[str, list[str]] = {}
    for module in product:
        for node in module.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                defined.setdefault(node.name, []).append(module.name)
    return {name: places for name, places in defined.items() if len(places) > 1}


def test_two_classes_of_one_name_are_found() -> None:
    module, other = Module("a.one", "class Draft: ..."), Module("a.two", "class Draft: ...")
    inner = Module("a.three", "class Page:\n    class Draft: ...\nclass _Line: ...")
    private = Module("a.four", "from a.one import Draft\nclass _Line: ...")
    assert namesakes((module, inner, private)) == {}
    assert namesakes((module, other, inner, private)) == {"Draft": ["a.one", "a.two"]}


def test_every_class_of_the_project_has_a_name_of_its_own() -> None:
    assert namesakes(PRODUCT) == {}


def last_migrations(sources: list[str]) -> set[str]:
    """Return the revisions that no other follows: one, where the migrations form one line."""
    said = {
        name: {found for text in sources for found in re.findall(pattern, text, re.M)}
        for name, pattern in (
            ("made", r'^revision = "(\w+)"'),
            ("followed", r'^down_revision = "(\w+)"'),
        )
    }
    return said["made"] - said["followed"]


def test_two_migrations_after_the_same_one_are_found() -> None:
    line = ['revision = "1"\ndown_revision = None', 'revision = "2"\ndown_revision = "1"']
    assert last_migrations(line) == {"2"}
    assert last_migrations([*line, 'revision = "3"\ndown_revision = "1"']) == {"2", "3"}


def test_the_migrations_form_one_line() -> None:
    versions = (PROJECT / "border" / "migrations" / "versions").glob("*.py")
    assert len(last_migrations([one.read_text() for one in versions])) == 1


def test_every_floor_and_layer_and_every_file_of_rules_is_there() -> None:
    there = {module.name for module in PRODUCT}
    assert set(FLOORS) <= there
    assert {f"border.payments.{layer}" for layer in LAYERS} <= there
    assert RULE_FILES - there == set()


@pytest.mark.parametrize("allowed", [MAY_COMMIT, MAY_ASK_THE_TIME, MAY_REFUSE_A_ROLE, HISTORY])
def test_no_exemption_outlives_its_reason(allowed: dict[str, str]) -> None:
    for package, reason in allowed.items():
        assert reason
        assert any(module.below(package) for module in PRODUCT), package


if __name__ == "__main__":
    sizes = sorted(len(module.source.splitlines()) for module in PRODUCT)
    longest = max(n for n in sizes if n <= LONGEST)
    print(f"files {len(sizes)}, median {median(sizes)} lines, longest {longest}")
    print(f"packages in rings: {cycle(packages(PRODUCT)) or 'none'}")
