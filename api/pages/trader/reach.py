"""How we reach you: addresses, each confirmed by a code, languages, quiet hours, and what of."""

from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from api.pages.kit.form import SentForm, ticked
from api.pages.kit.frame import AnyRequest, show
from api.zone import Services
from border.core.actor import Actor
from border.core.refusal import INVALID, FieldError
from border.core.store import Unit
from border.core.words import N_
from border.messages import contact_service
from border.messages.channels.registry import CHANNEL_KINDS
from border.messages.channels.webpush.channel import Webpush
from border.messages.channels.webpush.sealing import Subscription
from border.messages.contact import CONTACT, TYPED
from border.messages.contact_service import NOT_MUTED
from border.messages.occasion import OCCASIONS
from logistics.telling.occasions import SLIP_TO_DRIVER

PAGE = "/trader/reach"
_WORKER = (Path(__file__).parents[2] / "static" / "push_worker.js").read_text(encoding="utf-8")
_SAID = {
    "added": N_("A code was sent to the address. Type it in here."),
    "confirmed": N_("The address is confirmed and in use."),
    "wrong": N_(
        "This is not the code that was sent, or its time is over. Look again, or remove it."
    ),
    "saved": N_("Kept."),
    "tested": N_("A message to try is on its way."),
    "nowhere": N_("There is no channel by which you can be reached. Ask the zone's office."),
}
_TONES = {"wrong": "stop", "nowhere": "stop"}


@get(PAGE, include_in_schema=False, verb=("page.trader", "contact.list"))
async def show_reach(
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
    done: FromQuery[str] = "",
) -> Template:
    """Show how somebody is reached, and the forms to change it."""
    return await _page(request, services, actor, {}, done)


@post(f"{PAGE}/add", status_code=303, verb=("page.trader", "contact.add"))
async def add(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Add an address, and send a code to it."""

    async def work(unit: Unit) -> str:
        typed = sent.text("channel"), sent.text("address")
        await contact_service.add(unit, *typed, sent.services.channels)
        return f"{PAGE}?done=added"

    return await sent.act(work, _again(sent))


@post(f"{PAGE}/browser", status_code=303, verb=("page.trader", "contact.add"))
async def add_browser(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Tell somebody in the browser they sit at."""

    async def work(unit: Unit) -> str:
        channel = _browsers(sent.services)
        try:
            found = Subscription.read(sent.text("subscription"))
        except ValueError:
            found = None
        if channel is None or found is None or not channel.knows(found.endpoint):
            says = N_("This browser takes no notices from here. Use another address.")
            raise INVALID(errors=[FieldError("subscription", "no_subscription", says)])
        await contact_service.add_browser(unit, channel.code, found.kept)
        return f"{PAGE}?done=confirmed"

    return await sent.act(work, _again(sent))


def _browsers(services: Services) -> Webpush | None:
    found = services.channels.get(Webpush.code)
    return found if isinstance(found, Webpush) else None


@post(f"{PAGE}/{{contact_id:uuid}}/confirm", status_code=303, verb="contact.confirm")
async def confirm(contact_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Confirm an address by its code."""

    async def work(unit: Unit) -> str:
        right = await contact_service.confirm(unit, contact_id, sent.text("code"))
        return f"{PAGE}?done={'confirmed' if right else 'wrong'}"

    return await sent.act(work, _again(sent))


@post(f"{PAGE}/{{contact_id:uuid}}/remove", status_code=303, verb="contact.remove")
async def remove(contact_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Remove an address."""

    async def work(unit: Unit) -> str:
        await contact_service.remove(unit, contact_id, sent.version)
        return f"{PAGE}?done=saved"

    return await sent.act(work, _again(sent))


@post(f"{PAGE}/{{contact_id:uuid}}/first", status_code=303, verb="contact.remove")
async def put_first(contact_id: FromPath[UUID], sent: NamedDependency[SentForm]) -> Response[Any]:
    """Use an address before the others."""

    async def work(unit: Unit) -> str:
        await contact_service.put_first(unit, contact_id)
        return f"{PAGE}?done=saved"

    return await sent.act(work, _again(sent))


@post(f"{PAGE}/wishes", status_code=303, verb=("page.trader", "contact.add"))
async def wish(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Keep the language, the quiet hours, and what somebody wants to be told of."""

    async def work(unit: Unit) -> str:
        quiet = sent.text("quiet_begins"), sent.text("quiet_ends")
        await contact_service.wish(unit, sent.text("locale"), quiet, sent.all("wanted"))
        return f"{PAGE}?done=saved"

    return await sent.act(work, _again(sent))


@post(f"{PAGE}/test", status_code=303, verb=("page.trader", "contact.add"))
async def send_test(sent: NamedDependency[SentForm]) -> Response[Any]:
    """Send a message to try."""

    async def work(unit: Unit) -> str:
        sent_one = await contact_service.send_test(unit, sent.services.channels)
        return f"{PAGE}?done={'tested' if sent_one else 'nowhere'}"

    return await sent.act(work, _again(sent))


def _again(sent: SentForm) -> Any:
    return partial(_page, sent.request, sent.services, sent.actor, sent.form, "")


async def _page(
    request: AnyRequest, services: Services, actor: Actor, form: dict[str, Any], done: str
) -> Template:
    async with services.store.reading() as connection:
        found = await contact_service.reached(connection, actor)
    wishes = found.wishes
    others = (*NOT_MUTED, SLIP_TO_DRIVER.code)
    offered = [(code, one.label) for code, one in OCCASIONS.items() if code not in others]
    kept = [code for code, _ in offered if code not in wishes.muted]
    channels = [
        (code, kind.label)
        for code, kind in CHANNEL_KINDS.items()
        if code in services.channels and code in TYPED
    ]
    return show(
        request,
        services,
        "trader/reach.html",
        form=form,
        contacts=found.contacts,
        says={state.name: state.label for state in CONTACT.states},
        channel_labels={code: kind.label for code, kind in CHANNEL_KINDS.items()},
        channels=channels,
        by_email="email" in services.channels,
        offered=offered,
        wanted=ticked(form, "wanted") if "locale" in form else kept,
        chosen_locale=str(form.get("locale") or wishes.locale),
        quiet_begins=str(form.get("quiet_begins") or _hour(wishes.quiet_begins)),
        quiet_ends=str(form.get("quiet_ends") or _hour(wishes.quiet_ends)),
        push_key=browsers.public_key if (browsers := _browsers(services)) else None,
        message=_SAID.get(done),
        message_tone=_TONES.get(done, "done"),
    )


def _hour(at: Any) -> str:
    return f"{at:%H:%M}" if at else ""


@get("/push_worker.js", include_in_schema=False, verb="board.read", media_type="text/javascript")
async def push_worker() -> str:
    """Return the program that shows notices; its address is the reach it has."""
    return _WORKER


ROUTES = (show_reach, push_worker, add_browser, add, confirm, remove, put_first, wish, send_test)
