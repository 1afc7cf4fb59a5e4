"""The door through which the merchant asks (querydr) and orders a refund."""

from typing import Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency
from litestar.types import ASGIApp

from border.sandbox.desk import Desk
from border.sandbox.spoiled_answer import spoiled


@post("/merchant_webapi/api/transaction", status_code=200)
async def answer_merchant(request: Request[Any, Any, Any], desk: NamedDependency[Desk]) -> ASGIApp:
    """Answer one question; HTTP 200 unless a fault is planned, the code in `vnp_ResponseCode`."""
    try:
        message = msgspec.json.decode(await request.body(), type=dict[str, str | int])
    except msgspec.MsgspecError:
        return spoiled({"vnp_ResponseCode": "03", "vnp_Message": "Invalid data format"}, None)
    asked = {name: str(value) for name, value in message.items()}
    answer, trouble = desk.vnpay_api.answer(asked)
    return spoiled(answer, trouble, desk.vnpay_api.faults_of(asked).answer_delay_s)
