"""Writing a draft: the form, its lines with and without JavaScript, saving and lodging it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template
from pydantic import ValidationError

from api.http.problems import shape_errors
from api.language import translator
from api.pages.kit.frame import AnyRequest, act, form_of, language, show, version_in
from api.pages.kit.labels import sentences_of
from api.pages.trader import draft_form
from api.pages.trader.draft_form import Form
from api.pages.trader.frame import gate_names, refused
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError, Refusal
from border.core.store import Unit
from border.core.words import N_
from border.reference.catalogue import COUNTRIES, REGIMES
from border.vocabulary import DIRECTIONS, HANDLING
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
Draft = TypeVar("Draft", DraftDeclaration, DraftChange)
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


@post(
    "/trader/declarations/new", include_in_schema=False, status_code=303, verb="declaration.draft"
)
async def save_new(
    request: AnyRequest, services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Response[Any]:
    """Save a new draft, and lodge it if that button was pressed."""
    form = await form_of(request)
    if (changed := _with_other_lines(form)) is not None:
        return await _page(request, services, changed)

    async def work(unit: Unit) -> str:
        draft = await _read(unit, form, DraftDeclaration)
        return await _lodged_if_asked(unit, form, await draft_service.draft(unit, draft))

    try:
        return await act(request, services, actor, work)
    except (Refusal, ValidationError) as error:
        return await _page(request, services, form, refused(error, request))


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
    request: AnyRequest,
    services: Services,
    actor: Actor,
    declaration_id: UUID,
    refusal: Refusal | None = None,
) -> Template:
    """Return the form of a saved draft, with what is wrong with it. refuses: not_found."""
    async with services.store.reading() as connection:
        dossier = await dossier_service.get(connection, actor, declaration_id)
    row = dossier.declaration
    form = draft_form.write_form(draft_of(row, dossier.lines))
    return await _page(request, services, form, refusal, row)


@post(
    "/trader/declarations/{declaration_id:uuid}/edit",
    include_in_schema=False,
    status_code=303,
    verb="declaration.update",
)
async def save_edit(
    declaration_id: FromPath[UUID],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[Any]:
    """Save a draft again, and lodge it if that button was pressed."""
    form = await form_of(request)
    async with services.store.reading() as connection:
        row = (await dossier_service.get(connection, actor, declaration_id)).declaration
    if (changed := _with_other_lines(form)) is not None:
        return await _page(request, services, changed, row=row)

    async def work(unit: Unit) -> str:
        change = await _read(unit, form, DraftChange)
        dossier = await draft_service.change(unit, declaration_id, change, version_in(form))
        return await _lodged_if_asked(unit, form, dossier)

    try:
        return await act(request, services, actor, work)
    except (Refusal, ValidationError) as error:
        return await _page(request, services, form, refused(error, request), row)


async def _read(unit: Unit, form: Mapping[str, Any], model: type[Draft]) -> Draft:
    """Return the draft a form describes; all that is wrong with it is told at once.

    What is asked of a declaration that is lodged is asked here too where that button was pressed.
    refuses: invalid_fields.
    """
    given, errors = draft_form.read_form(form)
    body: Draft | None = None
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
    unit: Unit, given: Mapping[str, Any], told: Collection[str]
) -> Sequence[FieldError]:
    """Return what lodging would refuse, but for the fields of which something is told already."""
    try:
        readable = DraftDeclaration.model_validate(given)
    except ValidationError:  # Where to, or in which direction, is not known: nothing to go by.
        return ()
    _, _, errors = await draft_service.checked_now(unit.connection, readable, complete=True)
    known = {draft_form.field_of(field) for field in told}
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
    refusal: Refusal | None = None,
    row: DeclarationRow | None = None,
) -> Template:
    locale = language(request)
    async with services.store.reading() as connection:
        names = await gate_names(connection)
    shown = draft_form.lines_shown(form)
    errors = {} if refusal is None else draft_form.at_fields(sentences_of(refusal, locale), shown)
    return show(
        request,
        services,
        "trader/draft.html",
        200 if refusal is None else refusal.kind.status,
        form=form,
        line_count=draft_form.count_lines(form),
        errors=errors,
        called=draft_form.called(errors, locale),
        row=row,
        editable=row is None or row.state in EDITABLE,
        # What was worked from: a refused form is sent again from the same version.
        version=form.get("version") or (row.version if row else None),
        gate_names=names,
        regimes=_regimes(locale),
        directions=[(code, term.label) for code, term in DIRECTIONS.items()],
        handling=list(HANDLING.items()),
        countries=_countries(locale),
        units=list(UNIT_NAMES.items()),
        currencies=[(code, code) for code in draft_form.CURRENCIES],
    )


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
