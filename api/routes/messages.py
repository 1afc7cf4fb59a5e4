"""What carriers tell of messages: whether they arrived."""

import hmac
from typing import Annotated, Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from api.zone import Services
from border.core.refusal import NOT_FOUND
from border.core.store import PROGRAM, Unit
from border.messages import message_service
from border.messages.channels.sms.channel import Sms, report_key


@get(
    "/messages/sms/report/{key:str}",
    operation_id="take_sms_report",
    tags=["messages"],
    verb="message.report",
)
async def take_sms_report(
    key: FromPath[str],
    services: NamedDependency[Services],
    sms_id: Annotated[str, QueryParameter(name="SMSID")] = "",
    succeeded: Annotated[int, QueryParameter(name="SendSuccess")] = 0,
) -> Response[dict[str, Any]]:
    """Note whether an SMS arrived; the SMS gateway asks, at an address that it alone was told.

    refuses: not_found.
    """
    expected = report_key(services.settings.sms.secret.get_secret_value())
    if not hmac.compare_digest(key.encode(), expected.encode()):
        raise NOT_FOUND(what="message")

    async def work(unit: Unit) -> bool:
        return await message_service.report(unit, Sms.code, sms_id, arrived=succeeded > 0)

    return Response({"noted": await services.store.perform(PROGRAM, work)})


ROUTES = (take_sms_report,)
