"""The barrier: one code in, one big answer out; the last scans and who is on the way."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery
from litestar.response import ServerSentEvent, Template

from api.http.files import split_name
from api.language import LANGUAGES, translator
from api.pages.kit.form import SentForm
from api.pages.kit.frame import AnyRequest, refused_of, show
from api.pages.kit.live import beats_of
from api.pages.kit.printed import rows_to_show
from api.pages.kit.timeline import CODE_NAMES
from api.routes.scans import codes_in
from api.zone import Services
from border import gates
from border.core.actor import Actor
from border.core.ids import new_id
from border.core.store import Unit
from border.core.words import N_
from logistics import scan_service, slip_service, today
from logistics.gate_check import ScanKind
from logistics.scan_request import ScanRequest

PHOTO_LIMIT = 12_000_000
KIND_NAMES = {
    ScanKind.ARRIVAL: N_("Arrival at the yard"),
    ScanKind.ENTRY: N_("Entry at the barrier"),
    ScanKind.EXIT: N_("Exit"),
    ScanKind.INSPECTION_IN: N_("To inspection"),
    ScanKind.INSPECTION_OUT: N_("From inspection"),
    ScanKind.RETURN: N_("Return from abroad"),
}
NEXT_STEP = {
    ScanKind.ARRIVAL: N_("Send the truck to the waiting yard. It is called by its class."),
    ScanKind.ENTRY: N_("Open the barrier."),
    ScanKind.EXIT: N_("Let the truck leave. Its declaration is closed."),
    ScanKind.INSPECTION_IN: N_("Send the truck to the inspection ground."),
    ScanKind.INSPECTION_OUT: N_("Let the truck go on."),
    ScanKind.RETURN: N_("Let the truck in. The round trip is complete."),
}
"""What to do once a scan is in order."""
DRIVERS_READ = ("vi", "zh")
"""The languages in which the driver is told what to do: the screen can be turned to him."""

_LAST_SCANS = 10


@get("/gate", include_in_schema=False, verb="page.gate")
async def show_gate(
    request: AnyRequest,
    services: NamedDependency[Services],
    gate: FromQuery[str] = "",
    lane: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    fragment: FromQuery[bool] = False,
) -> Template:
    """Show the scanner, ready for the next code."""
    place = {"gate": gate, "lane": lane, "kind": kind}
    return await _page(request, services, place, fragment=fragment)


@post("/gate/scan", status_code=200, verb="scan.record")
async def scan(sent: NamedDependency[SentForm]) -> Response[Any] | Template:
    """Decide a scan and show the answer: the whole page, or the answer alone to scanner.js.

    The hour is the gate's own. A scan sent twice keeps the hour of its first time, so it is the
    same scan and is answered the same.
    """
    in_place = sent.text("in_place") == "yes"
    again = partial(_page, sent.request, sent.services, sent.form, in_place=in_place)

    async def work(unit: Unit) -> dict[str, Any]:
        asked = {
            name: sent.text(name)
            for name in ("code", "gate", "lane", "kind", "device", "scan_id", "plate_seen")
            if sent.text(name).strip()
        }
        before = await scan_service.made_before(
            unit.connection, asked.get("device", ""), asked.get("scan_id", "")
        )
        wanted = ScanRequest.model_validate(
            asked | {"scanned_at": before.scanned_at if before else unit.at}
        )
        return await scan_service.scan(unit, wanted, sent.services.slips)

    async def send() -> Template:
        answer = await sent.services.store.perform(sent.actor, work)
        return await again(answer=shown(answer, sent.form))

    return await sent.answer(send, again)


def shown(answer: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a scan as the page shows it: its hour, what to do, what to say."""
    slip = answer["slip"]
    return {
        **answer,
        "starts_at": datetime.fromisoformat(slip["slot_starts_at"]) if slip else None,
        "ends_at": datetime.fromisoformat(slip["slot_ends_at"]) if slip else None,
        "next_step": None
        if answer["verdict"] == "refused"
        else NEXT_STEP[ScanKind(str(asked["kind"]))],
        "driver": _to_the_driver(answer["failed"]),
        "to_desk": "UNPAID" in [reason["code"] for reason in answer["failed"]],
    }


def _to_the_driver(failed: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return what to tell the driver of a refused truck: language tag and sentence."""
    sentence = failed[0]["driver"] if failed else ""
    if not sentence:
        return []
    told = [(LANGUAGES[locale].tag, translator(locale).gettext) for locale in DRIVERS_READ]
    return [(tag, say(sentence)) for tag, say in told]


@post("/gate/photo", status_code=200, request_max_body_size=PHOTO_LIMIT, verb="scan.record")
async def read_photo(sent: NamedDependency[SentForm]) -> Response[Any] | Template:
    """Read the code in a photograph and put it into the scanner, for the person to send."""
    again = partial(_page, sent.request, sent.services, sent.form)

    async def send() -> Template:
        if codes := await codes_in(sent.request):
            return await again(code=codes[0]["text"])
        says = N_("No code can be read in this picture. Hold the slip flat and come closer.")
        return await again(status=422, errors={"image": says})

    return await sent.answer(send, again, lambda _, said: {"image": next(iter(said.values()))})


@get("/gate/live", include_in_schema=False, verb="page.gate")
async def live(services: NamedDependency[Services]) -> ServerSentEvent:
    """Say, at most once a second, that a truck has moved or was refused."""
    return ServerSentEvent(beats_of(services, "passage.", "scan.", "booking."))


@get("/gate/slips/{name:str}", include_in_schema=False, verb=("page.gate", "slip.read"))
async def show_slip(
    name: FromPath[str],
    request: AnyRequest,
    services: NamedDependency[Services],
    actor: NamedDependency[Actor],
) -> Response[bytes]:
    """Return the paper of a slip, to be printed at the counter; its words are in Vietnamese."""
    async with services.store.reading() as connection:
        page = await slip_service.load(connection, actor, split_name(name)[0], "vi")
    return Response(
        await slip_service.draw(page.view, services.fonts, services.press),
        media_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{page.slip.reference}.pdf"'},
    )


async def _page(
    request: AnyRequest,
    services: Services,
    place: Mapping[str, Any],
    *,
    status: int = 200,
    in_place: bool = False,
    fragment: bool = False,
    **more: Any,
) -> Template:
    """Return the scanner where it stands: `place` names gate, lane and kind, if it does."""
    at, most = services.store.clock.now(), rows_to_show(request, _LAST_SCANS)
    async with services.store.reading() as connection:
        known, here = await gates.shown(connection, str(place.get("gate")))
        lanes = await gates.lanes(connection)
        lanes_here = [lane for lane in lanes if lane.gate == here.code]
        queue = await today.queue_at(connection, here.code, at)
        scans = await today.last_scans(connection, here.code, most + 1)
    lane = next((one.code for one in lanes_here if one.code == place.get("lane")), "")
    kind = str(place.get("kind") or ScanKind.ENTRY)
    return show(
        request,
        services,
        "gate/answer.html" if in_place else "gate/scanner.html",
        status,
        fragment=fragment,
        gates=known,
        gate=here,
        lanes=lanes,
        lanes_here=lanes_here,
        lane=lane or lanes_here[0].code,
        kinds=KIND_NAMES,
        kind=kind if kind in KIND_NAMES else ScanKind.ENTRY,
        plate_seen="" if "answer" in more else str(place.get("plate_seen") or ""),
        device=f"page-{new_id()}",
        scan_id=str(new_id()),
        queue=queue,
        scans=scans[:most],
        more_scans=len(scans) > most,
        code_names=CODE_NAMES,
        now=at,
        live_url="/gate/live",
        fragment_url=f"/gate?gate={here.code}&fragment=true",
        **{"answer": None, "code": refused_of(request).typed.get("code", ""), **more},
    )


ROUTES = (show_gate, scan, read_photo, live, show_slip)
