"""Calling the National Public Service Portal: INIT opens a payment, GET_BILL asks about one.

What is said is in `messages`. A payment cannot be opened without the portal, so its trouble is
told (`GatewayUnavailable`); a question that comes to nothing is no evidence.
"""

import logging
from dataclasses import dataclass, field

import httpx

from border.payments.gateways.call import GatewayAnswer, NoAnswer, post_json
from border.payments.gateways.evidence import Checkout, GatewayUnavailable, Order, Question, Reply
from border.payments.gateways.portal.messages import Portal
from border.payments.gateways.wire import Json

_log = logging.getLogger(__name__)

_OPENING_PATIENCE_S = 8
"""How long a payer is kept waiting for the page to pay on."""
_ASKING_PATIENCE_S = 20


@dataclass(frozen=True, kw_only=True)
class PortalClient(Portal):
    """A partner of the portal's that calls it, through `client`: its gateway and its query."""

    client: httpx.AsyncClient = field(repr=False, compare=False)
    opening_patience_s: float = _OPENING_PATIENCE_S
    asking_patience_s: float = _ASKING_PATIENCE_S

    async def checkout(self, order: Order) -> Checkout:
        """Announce `order` to the portal and return the page it names for paying.

        Asked again for the same order it announces it again, under the same reference.
        refuses: GatewayUnavailable.
        """
        body = self.init_body(order)
        try:
            answer = await self._call(self.init_url, body, self.opening_patience_s)
        except NoAnswer as error:
            raise GatewayUnavailable(f"the portal did not answer: {error}") from error
        return Checkout(redirect_url=self.read_init(answer.body), keep=True)

    async def ask(self, question: Question) -> Reply:
        """Ask the portal about one attempt; whatever goes wrong on the way is no evidence."""
        body: dict[str, Json] = {**self.question_body(question)}
        try:
            answer = await self._call(self.bill_url or self.init_url, body, self.asking_patience_s)
        except NoAnswer as error:
            _log.warning("the portal gave no answer about %s: %s", question.txn_ref, error)
            return Reply()
        return self.read_bill(question, answer.body)

    async def _call(self, url: str, body: dict[str, Json], patience_s: float) -> GatewayAnswer:
        answer = await post_json(self.client, url, body, patience_s)
        if not answer.is_json:
            raise NoAnswer(f"what came is not said to be JSON but {answer.media_type[:80]!r}")
        return answer
