"""Writing a draft: the form, its lines with and without JavaScript, saving and lodging it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template
from pydantic import ValidationError

from api.http.problems import shape_errors
from api.language import translator
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, language, show
from api.pages.trader import draft_form
from api.pages.trader.draft_form import Form
from api.pages.trader.frame import gate_names
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import Unit
from border.core.words import N_
from border.reference.catalogue import COUNTRIES, REGIMES
from border.vocabulary import DIRECTIONS, HANDLING
from customs import dossier_service, draft_service, lodging_service
from customs.columns import draft_of
from customs.declaration import EDITABLE
from customs.draft import DraftChange, DraftDeclaration
from customs.nomenclature import digits_of
from customs.tables import DeclarationRow
from customs.usual_handling import not_said

UNIT_NAMES = {
    "KGM": N_("kilogram"),
    "TNE": N_("tonne"),
    "H87": N_("piece"),
    "LTR": N_("litre"),
    "MTQ": N_("cubic metre"),
    "MTK": N_("square metre"),
    "MTR": N_("metre"),
    "PR": N_("pair"),
    "SET": N_("set"),
    "CT": N_("carton"),
    "BG": N_("bag"),
}
"""The units of measure offered; the code is that of Recommendation 20."""
DraftBody = TypeVar("DraftBody", DraftDeclaration, DraftChange)
_NEIGHBOURS = ("VN", "CN", "LA", "TH", "KH", "MM")


@get("/trader/declarations/new", include_in_schema=False, verb="declaration.draft")
async def show_new(
    request: AnyRequest, services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Template:
    """Show an empty form."""
    form = {
        "direction": "export",
        "exporter.country": "VN",
        "importer.country": "CN",
        "lines.0.value_currency": draft_form.CURRENCIES[0],
        "lines.0.unit": "KGM",
        "lines.0.origin": "VN",
    }
    return await _page(request, services, form)


@post("/trader/declarations/new", status_code=303, verb="declaration.draft")
async def save_new(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Save a new draft, and lodge it if that button was pressed."""

    async def work(unit: Unit) -> str:
        draft = await _read(unit, sent.form, DraftDeclaration)
        return await _lodged_if_asked(unit, sent.form, await draft_service.draft(unit, draft))

    return await _saved(sent, work)


@get(
    "/trader/declarations/{declaration_id:uuid}/edit",
    include_in_schema=False,
    verb="declaration.update",
)
async def show_edit(
    declaration_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[Any] | Template:
    """Show the form with what the draft holds."""
    return await edit_page(request, services, actor, declaration_id)


async def edit_page(
    request: AnyRequest, services: Services, actor: Actor, declaration_id: UUID
) -> Template:
    """Return the form of a saved draft, with what is wrong with it. refuses: not_found."""
    async with services.store.reading() as connection:
        dossier = await dossier_service.get(connection, actor, declaration_id)
    row = dossier.declaration
    return await _page(request, services, draft_form.write_form(draft_of(row, dossier.lines)), row)


@post("/trader/declarations/{declaration_id:uuid}/edit", status_code=303, verb="declaration.update")
async def save_edit(
    declaration_id: FromPath[UUID], sent: NamedDependency[SentForm]
) -> Response[Any]:
    """Save a draft, or what customs returned, and lodge it if that button was pressed."""
    async with sent.services.store.reading() as connection:
        row = (await dossier_service.get(connection, sent.actor, declaration_id)).declaration

    async def work(unit: Unit) -> str:
        change = await _read(unit, sent.form, DraftChange)
        dossier = await draft_service.change(unit, declaration_id, change, sent.version)
        return await _lodged_if_asked(unit, sent.form, dossier)

    return await _saved(sent, work, row)


async def _saved(
    sent: SentForm, work: Callable[[Unit], Awaitable[str]], row: DeclarationRow | None = None
) -> Response[Any]:
    """Save a form, or show it with a line more or less if one of those buttons was pressed."""
    if (changed := _with_other_lines(sent.form)) is not None:
        return await _page(sent.request, sent.services, changed, row)
    shown = draft_form.lines_shown(sent.form)
    again = partial(_page, sent.request, sent.services, sent.form, row)
    return await sent.act(work, again, lambda _, said: draft_form.at_fields(said, shown))


async def _read(unit: Unit, form: Mapping[str, Any], model: type[DraftBody]) -> DraftBody:
    """Return the draft a form describes; all that is wrong with it is told at once.

    What is asked of a declaration that is lodged is asked here too where that button was pressed.
    refuses: invalid_fields.
    """
    given, errors = draft_form.read_form(form)
    body: DraftBody | None = None
    try:
        body = model.model_validate(given)
    except ValidationError as wrong:
        errors += shape_errors(dict(one) for one in wrong.errors())
        given = draft_form.without(given, (one["loc"] for one in wrong.errors()))
    if form.get("then") == "lodge":
        errors += await _missing(unit, given, {one.field for one in errors})
    if errors or body is None:
        raise INVALID(errors=errors)
    return body


async def _missing(
    unit: Unit, given: Mapping[str, Any], named: Collection[str]
) -> Sequence[FieldError]:
    """Return what lodging would refuse, but for the fields of which something is told already."""
    try:
        readable = DraftDeclaration.model_validate(given)
    except ValidationError:  # Where to, or in which direction, is not known: nothing to go by.
        return ()
    _, _, errors = await draft_service.checked_now(unit.connection, readable, complete=True)
    known = {draft_form.field_of(field) for field in named}
    return [one for one in errors if draft_form.field_of(one.field) not in known]


async def _lodged_if_asked(
    unit: Unit, form: Mapping[str, Any], dossier: dossier_service.Dossier
) -> str:
    """Lodge a saved draft if its form asks for it; both happen or neither. Return its page."""
    id = dossier.declaration.id
    if form.get("then") == "lodge":
        await lodging_service.lodge(unit, id)
    return f"/trader/declarations/{id}"


def _with_other_lines(form: Mapping[str, Any]) -> Form | None:
    """Return the form with a line more or less, if one of those buttons was pressed."""
    if "add_line" in form:
        return draft_form.with_line(form)
    gone = str(form.get("remove_line", ""))
    return draft_form.without_line(form, int(gone)) if gone.isdecimal() else None


async def _page(
    request: AnyRequest,
    services: Services,
    form: Mapping[str, Any],
    row: DeclarationRow | None = None,
) -> Template:
    locale = language(request)
    async with services.store.reading() as connection:
        names = await gate_names(connection)
    return show(
        request,
        services,
        "trader/draft.html",
        form=form,
        line_count=draft_form.count_lines(form),
        row=row,
        editable=row is None or row.state in EDITABLE,
        # What was worked from: a refused form is sent again from the same version.
        version=form.get("version") or (row.version if row else None),
        gate_names=names,
        regimes=_regimes(locale),
        directions=[(code, term.label) for code, term in DIRECTIONS.items()],
        handling=list(HANDLING.items()),
        usual=[HANDLING[kind] for kind in _usual(form)],
        countries=_countries(locale),
        units=list(UNIT_NAMES.items()),
        currencies=[(code, code) for code in draft_form.CURRENCIES],
    )


def _usual(form: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the handling usual for the codes of a form that is not ticked in it."""
    codes = [str(form.get(f"lines.{at}.hs_code") or "") for at in draft_form.lines_shown(form)]
    return not_said((digits_of(code) for code in codes), form.get("handling") or ())


def _regimes(locale: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the declaration types of each direction, with their names."""
    say = translator(locale).gettext
    return [
        (
            DIRECTIONS[direction].label,
            [
                (code, f"{code} · {say(regime.name(locale))}")
                for code, regime in REGIMES.items()
                if regime.direction == direction
            ],
        )
        for direction in ("export", "import")
    ]


def _countries(locale: str) -> list[tuple[str, str]]:
    """Return every country with its name, the neighbours first, then by name."""
    others = sorted(
        (country for code, country in COUNTRIES.items() if code not in _NEIGHBOURS),
        key=lambda country: country.name(locale),
    )
    ordered = [*(COUNTRIES[code] for code in _NEIGHBOURS), *others]
    return [(country.code, f"{country.code} · {country.name(locale)}") for country in ordered]


ROUTES = (show_new, save_new, show_edit, save_edit)
