"""The merchant's two messages: open a bill (INIT), and how does it stand (GET_BILL).

An INIT is answered unsigned, as the integrations know it. A GET_BILL about a bill is answered
with the fields of CONFIRM and their signature; a refusal is unsigned.
"""

from collections.abc import Mapping

from border.core.clock import Clock
from border.sandbox.books.books import Books
from border.sandbox.config import SandboxConfig
from border.sandbox.fault_plan import is_code
from border.sandbox.portal.settlement import state_of
from border.sandbox.stamps import stamp
from border.sandbox.wire.portal import CONFIRM, HASH_FIELD, hash_of
from border.sandbox.wire.portal_bill import (
    NOT_FOUND,
    PAID,
    REFERENCE_USED,
    SAYS,
    MessageRefused,
    read_get_bill,
    read_init,
)

PAY_PATH = "/portal/pay"


class PortalApi:
    """Answers POST /portal/init and POST /portal/bill."""

    def __init__(self, books: Books, config: SandboxConfig, clock: Clock) -> None:
        self._books = books
        self._config = config
        self._clock = clock

    def open_bill(
        self, message: Mapping[str, str], here: str
    ) -> tuple[dict[str, str], str | None, float]:
        """Answer an INIT; `here` is the address the payer's browser reaches the portal at.

        returns: the answer, what is planned to spoil it, and the seconds it is to wait.
        writes: the bill, unless a code was planned as the answer or the message is refused.
        """
        try:
            bill = read_init(message, self._config)
            if self._books.bills.by_reference(bill.reference) is None:
                self._books.plans.give_next_to(bill.reference)
            planned = self._books.plans.strike(bill.reference, "init")
            delay_s = self._books.plans.of(bill.reference).answer_delay_s
            if planned is not None and is_code(planned):
                return self._answer(planned, message), None, delay_s
            booked = self._books.bills.open(bill, self._clock.now())
            if booked is None:
                raise MessageRefused(REFERENCE_USED, "MaThamChieu")
        except MessageRefused as refused:
            return self._refused(refused, message), None, 0.0
        address = f"{self._config.public_url or here}{PAY_PATH}/{booked.token}"
        answer = self._answer(PAID, message) | {"UrlThanhToan": address}
        if planned == "other_reference":
            answer["MaThamChieu"] += "X"
        return answer, planned, delay_s

    def state_of_bill(self, message: Mapping[str, str]) -> tuple[dict[str, str], str | None, float]:
        """Answer a GET_BILL; returns: the answer, what is planned to spoil it, and its delay."""
        try:
            reference = read_get_bill(message, self._config)
        except MessageRefused as refused:
            return self._refused(refused, message), None, 0.0
        planned = self._books.plans.strike(reference, "bill")
        faults = self._books.plans.of(reference)
        booked = self._books.bills.by_reference(reference)
        if planned is not None and is_code(planned):
            answer = self._answer(planned, message) | {"LoaiBanTin": "GET_BILL"}
        elif booked is None:
            answer = self._answer(NOT_FOUND, message) | {"LoaiBanTin": "GET_BILL"}
        else:
            payments = self._books.bills.payments(booked.token)
            answer = state_of(booked, payments, self._clock.now(), self._config)
            answer["MoTaLoi"] = SAYS.get(answer["MaLoi"], SAYS["99"])
        if planned == "other_reference":
            answer["MaThamChieu"] += "X"
        if not (planned == "unsigned" or faults.unsigned_answers):
            answer[HASH_FIELD] = hash_of(CONFIRM, answer, self._config.portal_secret)
        return answer, planned, faults.answer_delay_s

    def _refused(self, refused: MessageRefused, message: Mapping[str, str]) -> dict[str, str]:
        answer = self._answer(refused.code, message)
        if str(refused):
            answer["MoTaLoi"] += f" ({refused})"
        return answer

    def _answer(self, code: str, message: Mapping[str, str]) -> dict[str, str]:
        return {
            "MaLoi": code,
            "MoTaLoi": SAYS.get(code, SAYS["99"]),
            "MaDoiTac": message.get("MaDoiTac", ""),
            "MaThamChieu": message.get("MaThamChieu", ""),
            "ThoiGianGD": stamp(self._clock.now()),
        }
