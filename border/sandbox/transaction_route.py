"""The door through which the merchant asks (querydr) and orders a refund."""

import asyncio
from typing import Any

import msgspec
from litestar import Request, post
from litestar.di import NamedDependency

from border.sandbox.desk import Desk


@post("/merchant_webapi/api/transaction", status_code=200)
async def answer_merchant(
    request: Request[Any, Any, Any], desk: NamedDependency[Desk]
) -> dict[str, str]:
    """Answer one question; always HTTP 200, the code is in `vnp_ResponseCode`."""
    try:
        message = msgspec.json.decode(await request.body(), type=dict[str, str | int])
    except msgspec.MsgspecError:
        return {"vnp_ResponseCode": "03", "vnp_Message": "Invalid data format"}
    asked = {name: str(value) for name, value in message.items()}
    answer = desk.merchant_api.answer(asked)
    await asyncio.sleep(desk.merchant_api.faults_of(asked).answer_delay_s)
    return answer
