"""The bank's counter: moves the money a payer's app orders, and the merchant's own."""

from dataclasses import dataclass
from datetime import timedelta

from border.core.clock import Clock
from border.sandbox.bank.emv import ScannedCode
from border.sandbox.bank.way import TransferWay
from border.sandbox.bank.webhook import message_of
from border.sandbox.books.books import Books
from border.sandbox.books.callbacks import Call, Callback, NewCallback
from border.sandbox.books.transfers import BankTransfer, bank_reference
from border.sandbox.callback_caller import CallbackCaller
from border.sandbox.config import SandboxConfig
from border.sandbox.fault_plan import FaultPlan

LARGEST_VND = 999_999_999_999


@dataclass(frozen=True)
class TransferAccount:
    """All that is booked about one transfer."""

    transfer: BankTransfer
    callbacks: list[tuple[Callback, list[Call]]]
    sent_back_vnd: int


class BankCounter:
    """What the bank app and the operator ask of the bank."""

    def __init__(
        self, config: SandboxConfig, clock: Clock, books: Books, caller: CallbackCaller
    ) -> None:
        self._config = config
        self._clock = clock
        self._books = books
        self._caller = caller

    def is_merchants(self, code: ScannedCode) -> bool:
        """Tell whether a code leads to the merchant's account."""
        return (code.bank, code.account) == (self._config.bank_bin, self._config.bank_account)

    def pay(
        self, form: str, code: ScannedCode, amount_vnd: int, memo: str, way: TransferWay
    ) -> list[BankTransfer]:
        """Make the transfer a page of the app orders; the same page twice moves nothing more.

        `form` is the page's own mark. Money to another account than the merchant's is moved and
        told to nobody here.
        writes: the transfers and what is to be told of them, in one commit.
        """
        made = self._books.transfers.of_form(form)
        if made:
            return made
        with self._books.one_commit():
            self._books.plans.give_next_to(code.reference)
            faults = self._books.plans.of(code.reference)
            made = [
                self._book(form, code, amount_vnd + way.differs_by_vnd, way.memo(memo), way)
                for _ in range(way.transfers)
            ]
            for transfer in made if self.is_merchants(code) else ():
                self._plan_message(transfer, way, faults)
        self._caller.wake()
        return made

    def send(self, amount_vnd: int, memo: str, account: str, returns: int | None) -> BankTransfer:
        """Send money out of the merchant's account, as its accountant does at the bank.

        `returns` is the number of the transfer that is sent back, if it is one.
        """
        with self._books.one_commit():
            at = self._clock.now()
            number = self._books.transfers.next_number()
            transfer = BankTransfer(
                number=number,
                reference=bank_reference(number, at),
                form="",
                direction="D",
                bank="970400",
                account=account,
                ours=True,
                amount_vnd=amount_vnd,
                memo=memo,
                happened_at=at,
                returns=returns,
            )
            self._books.transfers.add(transfer)
        return transfer

    def account(self, transfer: BankTransfer) -> TransferAccount:
        """Return all that is booked about a transfer."""
        return TransferAccount(
            transfer,
            self._books.callbacks.about("vietqr", str(transfer.number)),
            self._books.transfers.sent_back_vnd(transfer.number),
        )

    def _book(
        self, form: str, code: ScannedCode, amount_vnd: int, memo: str, way: TransferWay
    ) -> BankTransfer:
        at = self._clock.now() + (self._config.transfer_later_by if way.later else timedelta(0))
        number = self._books.transfers.next_number()
        transfer = BankTransfer(
            number=number,
            reference=bank_reference(number, at),
            form=form,
            direction="C",
            bank=code.bank,
            account=code.account,
            ours=self.is_merchants(code),
            amount_vnd=amount_vnd,
            memo=memo,
            happened_at=at,
        )
        self._books.transfers.add(transfer)
        return transfer

    def _plan_message(self, transfer: BankTransfer, way: TransferWay, faults: FaultPlan) -> None:
        told_at = transfer.happened_at + timedelta(seconds=faults.delay_s)
        callback = NewCallback(
            message_of(
                transfer,
                faults.account or transfer.account,
                transfer.amount_vnd + faults.wrong_amount,
            ),
            told_at if way.told and not faults.drop_ipn else None,
            well_signed=way.well_signed and not faults.bad_signature,
        )
        copies = 1 + way.extra_copies + faults.duplicate_ipn
        self._books.callbacks.add(
            "vietqr", str(transfer.number), [callback] * copies, self._config.calls_allowed
        )
