"""Writing a draft: the form, its lines with and without JavaScript, saving and lodging it."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template
from pydantic import ValidationError

from api.language import translator
from api.pages import draft_form
from api.pages.dossier_sheet import HANDLING_NAMES
from api.pages.draft_form import Form
from api.pages.frame import AnyRequest, act, form_of, language, show, version_in
from api.pages.trader_frame import gate_names, refused
from api.pages.wording import DIRECTION_NAMES, sentences_of
from api.security import needs
from api.zone import Zone
from border.identity.actor import Actor, Role
from border.reference.catalogue import COUNTRIES, REGIMES
from border.refusal import INVALID, Refusal
from border.store import Unit
from border.words import N_
from customs import dossier_service, draft_service, lodging_service
from customs.columns import draft_of
from customs.declaration import EDITABLE
from customs.draft import DraftChange, DraftDeclaration
from customs.tables import DeclarationRow

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
_NEIGHBOURS = ("VN", "CN", "LA", "TH", "KH", "MM")
TRADERS = [needs(Role.TRADER)]


@get("/trader/declarations/new", guards=TRADERS, include_in_schema=False)
async def show_new(
    request: AnyRequest, zone: NamedDependency[Zone], actor: NamedDependency[Actor]
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
    return await _page(request, zone, form)


@post("/trader/declarations/new", guards=TRADERS, include_in_schema=False, status_code=303)
async def save_new(
    request: AnyRequest, zone: NamedDependency[Zone], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Save a new draft, and lodge it if that button was pressed."""
    form = await form_of(request)
    if (changed := _with_other_lines(form)) is not None:
        return await _page(request, zone, changed)

    async def work(unit: Unit) -> str:
        draft = DraftDeclaration.model_validate(_read(form))
        return await _lodged_if_asked(unit, form, await draft_service.draft(unit, draft))

    try:
        return await act(request, zone, actor, work)
    except (Refusal, ValidationError) as error:
        return await _page(request, zone, form, refused(error, request))


@get("/trader/declarations/{declaration_id:uuid}/edit", guards=TRADERS, include_in_schema=False)
async def show_edit(
    declaration_id: FromPath[UUID],
    request: AnyRequest,
    zone: NamedDependency[Zone],
    actor: NamedDependency[Actor],
) -> Response[Any] | Template:
    """Show the form with what the draft holds."""
    return await edit_page(request, zone, actor, declaration_id)


async def edit_page(
    request: AnyRequest,
    zone: Zone,
    actor: Actor,
    declaration_id: UUID,
    refusal: Refusal | None = None,
) -> Template:
    """Return the form of a saved draft, with what is wrong with it. refuses: not_found."""
    async with zone.store.reading() as connection:
        dossier = await dossier_service.get(connection, actor, declaration_id)
    row = dossier.declaration
    form = draft_form.write_form(draft_of(row, dossier.lines))
    return await _page(request, zone, form, refusal, row)


@post(
    "/trader/declarations/{declaration_id:uuid}/edit",
    guards=TRADERS,
    include_in_schema=False,
    status_code=303,
)
async def save_edit(
    declaration_id: FromPath[UUID],
    request: AnyRequest,
    zone: NamedDependency[Zone],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Save a draft again, and lodge it if that button was pressed."""
    form = await form_of(request)
    async with zone.store.reading() as connection:
        row = (await dossier_service.get(connection, actor, declaration_id)).declaration
    if (changed := _with_other_lines(form)) is not None:
        return await _page(request, zone, changed, row=row)

    async def work(unit: Unit) -> str:
        change = DraftChange.model_validate(_read(form))
        dossier = await draft_service.change(unit, declaration_id, change, version_in(form))
        return await _lodged_if_asked(unit, form, dossier)

    try:
        return await act(request, zone, actor, work)
    except (Refusal, ValidationError) as error:
        return await _page(request, zone, form, refused(error, request), row)


def _read(form: Mapping[str, Any]) -> dict[str, Any]:
    """Return the draft a form describes. refuses: invalid_fields."""
    draft, errors = draft_form.read_form(form)
    if errors:
        raise INVALID(errors=errors)
    return draft


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
    zone: Zone,
    form: Mapping[str, Any],
    refusal: Refusal | None = None,
    row: DeclarationRow | None = None,
) -> Template:
    locale = language(request)
    async with zone.store.reading() as connection:
        names = await gate_names(connection)
    shown = draft_form.lines_shown(form)
    errors = {} if refusal is None else draft_form.at_fields(sentences_of(refusal, locale), shown)
    return show(
        request,
        zone,
        "trader_draft.html",
        200 if refusal is None else refusal.kind.status,
        form=form,
        line_count=draft_form.count_lines(form),
        errors=errors,
        row=row,
        editable=row is None or row.state in EDITABLE,
        # What was worked from: a refused form is sent again from the same version.
        version=form.get("version") or (row.version if row else None),
        gate_names=names,
        regimes=_regimes(locale),
        directions=list(DIRECTION_NAMES.items()),
        handling=list(HANDLING_NAMES.items()),
        countries=_countries(locale),
        units=list(UNIT_NAMES.items()),
        currencies=[(code, code) for code in draft_form.CURRENCIES],
    )


def _regimes(locale: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the declaration types of each direction, with their names."""
    say = translator(locale).gettext
    return [
        (
            DIRECTION_NAMES[direction],
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
