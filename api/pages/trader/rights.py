"""The rights of a firm: whom it lets act for it, for whom it acts, giving and revoking."""

from collections.abc import Collection
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Template

from api.http.times import kept_day
from api.pages.kit.form import SentForm, ticked
from api.pages.kit.frame import AnyRequest, show
from api.zone import Services
from border.core.actor import Actor
from border.core.clock import local_date, local_midnight
from border.core.refusal import INVALID, FieldError, Refusal
from border.core.store import Unit
from border.core.words import N_
from border.identity import delegation_service
from border.identity.delegation import DELEGATION, GivenRight

PAGE = "/trader/rights"
_DAYS = 30
"""For how long a right is offered to be given."""
OFFERED: dict[str, tuple[str, tuple[str, ...]]] = {
    "look": (
        N_("See declarations, bookings and payments"),
        (
            "declaration.read",
            "booking.read",
            "waiting_entry.read",
            "booking_fault.read",
            "payment.read",
        ),
    ),
    "book": (
        N_("Book hours, wait for them and enter ballots"),
        (
            "declaration.book",
            "booking.hold",
            "waiting_entry.join",
            "waiting_entry.accept",
            "waiting_entry.decline",
            "waiting_entry.withdraw",
            "ballot_entry.enter",
        ),
    ),
    "change": (
        N_("Move and cancel bookings, change truck and driver, appeal against faults"),
        (
            "booking.cancel",
            "booking.move",
            "booking.substitute_vehicle",
            "booking.change_driver",
            "booking.accept_displacement",
            "booking_fault.appeal",
        ),
    ),
    "pay": (N_("Pay"), ("payment.open", "payment.cancel")),
}
"""What a firm can give away on this page: in words, and the verbs that it is made of."""


def said(verbs: Collection[str]) -> list[str]:
    """Return in words what may be done; a verb of no whole part by its name, looking left out."""
    whole = [(words, part) for words, part in OFFERED.values() if set(part) <= set(verbs)]
    covered = {verb for _, part in whole for verb in part}
    left = {verb for verb in verbs if verb.rpartition(".")[2] not in ("read", "list")} - covered
    return [*(words for words, _ in whole), *sorted(left)]


@get(PAGE, include_in_schema=False, verb=("page.trader", "delegation.list"))
async def show_rights(
    request: AnyRequest, services: NamedDependency[Services], actor: NamedDependency[Actor]
) -> Template:
    """Show the rights that the firm gave and those it has, and the form to give one."""
    return await _page(request, services, actor, {})


@post(PAGE, status_code=303, verb=("page.trader", "delegation.give"))
async def give(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Give the right; a refusal comes back beside its field."""

    async def work(unit: Unit) -> str:
        asked = GivenRight.model_validate(_read(sent))
        await delegation_service.give(unit, asked)
        return f"{PAGE}#given"

    again = partial(_page, sent.request, sent.services, sent.actor, sent.form)
    return await sent.act(work, again, _placed)


@post(f"{PAGE}/{{delegation_id:uuid}}/revoke", status_code=303, verb="delegation.revoke")
async def revoke(delegation_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Revoke the right, and come back to the page."""

    async def work(unit: Unit) -> str:
        await delegation_service.revoke(unit, delegation_id, sent.version)
        return f"{PAGE}#given"

    again = partial(_page, sent.request, sent.services, sent.actor, {})
    return await sent.act(work, again)


def _read(sent: SentForm) -> dict[str, Any]:
    """Return the request that the form describes. refuses: invalid_fields."""
    chosen = [name for name in OFFERED if name in sent.all("rights")]
    to = sent.text("to").strip()
    errors = list[FieldError]()
    if not chosen:
        errors.append(FieldError("rights", "required", N_("Choose what may be done.")))
    if not to:
        says = N_("Name the tax code of a firm, or the e-mail address of an account.")
        errors.append(FieldError("to", "required", says))
    last = kept_day(sent.text("until"))
    if last is None:
        errors.append(FieldError("until", "not_a_date", N_("Write the day as YYYY-MM-DD.")))
    if errors or last is None:
        raise INVALID(errors=errors)
    return {
        "from_organisation": sent.text("from_organisation") or None,
        "to_account" if "@" in to else "to_organisation": to,
        "verbs": [verb for name in chosen for verb in OFFERED[name][1]],
        "until": local_midnight(last + timedelta(days=1)),
    }


def _placed(refusal: Refusal, sentences: dict[str, str]) -> dict[str, str]:
    """Return the sentences of a refusal, each under the field of the form it belongs to."""
    fields = {"to_organisation": "to", "to_account": "to", "verbs": "rights"}
    return {fields.get(path.partition(".")[0], path): says for path, says in sentences.items()}


async def _page(
    request: AnyRequest, services: Services, actor: Actor, form: dict[str, Any]
) -> Template:
    at = services.store.clock.now()
    async with services.store.reading() as connection:
        found = await delegation_service.list_rights(connection, actor)
    ours = actor.organisation_id
    return show(
        request,
        services,
        "trader/rights.html",
        form=form,
        chosen=ticked(form, "rights"),
        given=[(row, said(row.verbs)) for row in found if row.from_organisation_id == ours],
        had=[
            (row, said(row.verbs))
            for row in found
            if row.to_organisation_id == ours and row.state == "given"
        ],
        offered=[(name, words) for name, (words, _) in OFFERED.items()],
        says={state.name: state.label for state in DELEGATION.states},
        whose=[(str(id), name) for id, name in actor.acts_for.items()],
        until=str(form.get("until") or local_date(at + timedelta(days=_DAYS))),
        today=local_date(at),
    )


ROUTES = (show_rights, give, revoke)
