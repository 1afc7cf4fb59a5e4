"""Three pretended gateways, each with a vault of its own: what it really took and gave back.

They sign what they send without the product's signers. What they hold is the other side of every
proof here: the ledger must come to the same, đồng for đồng.
"""

import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import count
from typing import Any
from urllib.parse import quote_plus

import pytest

from border.core.clock import ZONE
from border.payments.gateways.evidence import (
    Checkout,
    Order,
    Question,
    RefundFinding,
    RefundOrder,
    RefundQuestion,
    RefundReply,
    Reply,
)
from border.payments.gateways.portal.messages import Portal
from border.payments.gateways.vietqr.messages import VietQr
from border.payments.gateways.vnpay.messages import Vnpay
from border.payments.gateways.vnpay.query import read_reply

SECRET = "A-SECRET-OF-THE-PROOFS-OWN"
TERMINAL, PARTNER, BIN, ACCOUNT = "GATE0001", "GATE", "970436", "1017595600"
PAY_PAGE = "https://sandbox.example.vn/pay"


@dataclass
class Coin:
    """Money in a vault. `told` says that its gateway's word of it has reached us, verified;
    `back` is what the gateway took back by itself, `refunded` what it gave back for us."""

    gateway: str
    number: str
    reference: str
    amount: int
    paid_at: datetime
    told: bool = False
    back: int = 0
    refunded: int = 0

    @property
    def left(self) -> int:
        """What of it is still there."""
        return self.amount - self.back - self.refunded


def local(at: datetime) -> str:
    """Return an instant as the gateways write it."""
    return at.astimezone(ZONE).strftime("%Y%m%d%H%M%S")


def form_signed(fields: Mapping[str, str], secret: str = SECRET) -> bytes:
    """Return a query string as VNPAY signs it."""
    text = "&".join(f"{k}={quote_plus(v)}" for k, v in sorted(fields.items()) if v)
    signature = hmac.digest(secret.encode(), text.encode(), "sha512").hex()
    return f"{text}&vnp_SecureHash={signature}".encode()


class Vault(ABC):
    """What one gateway took, and how it tells of it; `mood` is how it answers when asked."""

    adapter: Any
    prefix = ""

    def __init__(self, numbers: Callable[[], int]) -> None:
        self.coins: dict[str, Coin] = {}
        self.mood = "truth"
        self.asked: list[str] = []
        self.gave_back: list[tuple[str, int]] = []
        self.refunds: dict[str, tuple[str, str, int]] = {}
        self._numbers = numbers

    @property
    def code(self) -> str:
        """The gateway's name."""
        return str(self.adapter.code)

    def take(self, reference: str, amount: int, at: datetime, number: str | None = None) -> Coin:
        """Take money from a payer; nobody is told by it."""
        number = number or f"{self.prefix}{15_000_000 + self._numbers()}"
        coin = Coin(self.code, number, reference, amount, at)
        self.coins[number] = coin
        return coin

    @abstractmethod
    def notice(self, coin: Coin, **changes: Any) -> bytes:
        """Return the message that tells of money, the same bytes each time."""

    @abstractmethod
    def trouble(self, reference: str, amount: int, at: datetime, word: str) -> bytes:
        """Return a message about no money: `failed`, `pending` or, where there is one, `review`."""

    @abstractmethod
    def answer(self, question: Question) -> bytes:
        """Return the answer to a question, in the present mood."""

    @abstractmethod
    def read(self, question: Question, raw: bytes) -> Reply:
        """Return what the product makes of an answer."""

    async def ask(self, question: Question) -> Reply:
        """Be asked; silence is an answer too."""
        self.asked.append(question.txn_ref)
        if self.mood == "silent":
            return Reply()
        reply = self.read(question, self.answer(question))
        if reply.evidence and reply.evidence.provider_txn in self.coins:
            self.coins[reply.evidence.provider_txn].told = True
        return reply

    def first(self, reference: str) -> Coin | None:
        """Return the first money taken under a reference."""
        return next((c for c in self.coins.values() if c.reference == reference), None)


class VnpayVault(Vault):
    """VNPAY: form-encoded, HMAC-SHA512, amounts x100."""

    adapter = Vnpay(TERMINAL, SECRET, f"{PAY_PAGE}/vnpay")

    def _form(self, reference: str, amount: int, at: datetime, **changes: str) -> bytes:
        fields = {
            "TmnCode": TERMINAL,
            "Amount": str(amount * 100),
            "BankCode": "NCB",
            "OrderInfo": "Phi cua khau",
            "PayDate": local(at),
            "ResponseCode": "00",
            "TransactionStatus": "00",
            "TransactionNo": "0",
            "TxnRef": reference,
        }
        secret = changes.pop("secret", SECRET)
        return form_signed({f"vnp_{k}": v for k, v in (fields | changes).items()}, secret)

    def notice(self, coin: Coin, **changes: Any) -> bytes:
        """Return an IPN of success."""
        changes = {"TransactionNo": coin.number} | changes
        return self._form(coin.reference, coin.amount, coin.paid_at, **changes)

    def trouble(self, reference: str, amount: int, at: datetime, word: str) -> bytes:
        """Return an IPN of anything else."""
        response, status = {
            "failed": ("24", "02"),
            "pending": ("00", "01"),
            "review": ("07", "07"),
        }[word]
        return self._form(reference, amount, at, ResponseCode=response, TransactionStatus=status)

    def answer(self, question: Question) -> bytes:
        """Return the answer to a querydr."""
        coin = self.first(question.txn_ref)
        if self.mood == "too_soon":
            return b'{"vnp_ResponseCode": "94", "vnp_Message": "Request is duplicate"}'
        if coin is None or self.mood == "not_found":
            return b'{"vnp_ResponseCode": "91", "vnp_Message": "Transaction not found"}'
        values = {
            "ResponseId": sha256(coin.number.encode()).hexdigest()[:32],
            "Command": "querydr",
            "ResponseCode": "00",
            "Message": "Success",
            "TmnCode": TERMINAL,
            "TxnRef": question.txn_ref,
            "Amount": str(coin.amount * 100),
            "BankCode": "NCB",
            "PayDate": local(coin.paid_at),
            "TransactionNo": coin.number,
            "TransactionType": "01",
            "TransactionStatus": "00",
            "OrderInfo": "Phi cua khau",
            "PromotionCode": "",
            "PromotionAmount": "",
        }
        signed = hmac.new(SECRET.encode(), "|".join(values.values()).encode(), "sha512").hexdigest()
        answer = {f"vnp_{name}": value for name, value in values.items()}
        if self.mood != "unsigned":
            answer["vnp_SecureHash"] = signed
        return json.dumps(answer).encode()

    def read(self, question: Question, raw: bytes) -> Reply:
        """Return what the product makes of a querydr's answer."""
        return read_reply(self.adapter, question, raw)

    async def refund(self, order: RefundOrder) -> RefundReply:
        """Take a refund on, once under its number; what is said of it depends on the mood."""
        coin = self.coins[order.provider_txn]
        if self.mood == "refuses" or order.amount.minor > coin.amount - coin.back:
            return RefundReply(RefundFinding.REJECTED, code="95")
        if self.mood != "deaf" and order.request_id not in self.refunds:
            number = str(25_000_000 + self._numbers())
            self.refunds[order.request_id] = number, order.txn_ref, order.amount.minor
            coin.refunded += order.amount.minor
        if self.mood in ("deaf", "silent"):
            return RefundReply(RefundFinding.UNKNOWN)
        return RefundReply(RefundFinding.ACCEPTED, self.refunds[order.request_id][0], "00")

    async def ask_refund(self, question: RefundQuestion) -> RefundReply:
        """Say of a refund that was taken on that it is done; of another one nothing."""
        for number, reference, minor in self.refunds.values():
            if number == question.provider_txn or (
                question.provider_txn is None and reference == question.txn_ref
            ):
                if self.mood in ("deaf", "silent"):
                    return RefundReply(RefundFinding.UNKNOWN)
                if (number, minor) not in self.gave_back:
                    self.gave_back.append((number, minor))
                return RefundReply(RefundFinding.DONE, number, "06")
        return RefundReply(RefundFinding.UNKNOWN, code="91")


class VietqrVault(Vault):
    """A bank account watched by payOS; the reference stands in what the payer wrote."""

    adapter = VietQr(BIN, ACCOUNT, "CUA KHAU QUOC TE LAO CAI", SECRET)
    prefix = "FT"

    def notice(self, coin: Coin, **changes: Any) -> bytes:
        """Return payOS's message about a credit."""
        data: dict[str, str | int] = {
            "accountNumber": ACCOUNT,
            "amount": coin.amount,
            "code": "00",
            "currency": "VND",
            "desc": "success",
            "description": f"NOP PHI {coin.reference}" if coin.reference else "chuyen tien",
            "orderCode": 123,
            "reference": coin.number,
            "transactionDateTime": f"{coin.paid_at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
        }
        secret = changes.pop("secret", SECRET)
        data |= changes
        text = "&".join(f"{name}={value}" for name, value in sorted(data.items()))
        signature = hmac.new(secret.encode(), text.encode(), "sha256").hexdigest()
        body = {"code": "00", "desc": "success", "success": True, "data": data}
        return json.dumps(body | {"signature": signature}).encode()

    def trouble(self, reference: str, amount: int, at: datetime, word: str) -> bytes:
        """Return a message about a transfer that did not come about."""
        coin = Coin(self.code, "FT0", reference, amount, at)
        return self.notice(coin, code="01", desc="failed")

    def read(self, question: Question, raw: bytes) -> Reply:
        """Prove nothing: nobody can be asked about a transfer."""
        return Reply(raw=raw)

    def answer(self, question: Question) -> bytes:
        """Say nothing."""
        return b""


class PagedPortal(Portal):
    """The portal with a page of its own to pay on; its real client would have to be asked."""

    async def checkout(self, order: Order) -> Checkout:
        """Return the page of an order, another one for each."""
        return Checkout(redirect_url=f"{PAY_PAGE}/portal?order={order.txn_ref}", keep=True)


class PortalVault(Vault):
    """The National Public Service Portal: SHA-256 over values with bars between."""

    adapter = PagedPortal(PARTNER, SECRET, f"{PAY_PAGE}/portal")
    prefix = "DVC"

    def _confirm(
        self, kind: str, reference: str, amount: int, at: datetime, number: str, **changes: str
    ) -> bytes:
        secret = changes.pop("secret", SECRET)
        values = {
            "LoaiBanTin": kind,
            "MaLoi": "00",
            "MaDoiTac": PARTNER,
            "MaThamChieu": reference,
            "SoTien": str(amount),
            "MaTienTe": "VND",
            "MaGiaoDich": number,
            "MaNganHang": "NCB",
            "ThoiGianGD": local(at),
            "ThongTinGiaoDich": "Phi cua khau",
        } | changes
        signed = sha256("|".join([*values.values(), secret]).encode()).hexdigest()
        return json.dumps(values | {"MaXacThuc": signed}).encode()

    def notice(self, coin: Coin, **changes: Any) -> bytes:
        """Return a CONFIRM."""
        return self._confirm(
            "CONFIRM", coin.reference, coin.amount, coin.paid_at, coin.number, **changes
        )

    def trouble(self, reference: str, amount: int, at: datetime, word: str) -> bytes:
        """Return a CONFIRM of failure, or one whose code is in no table."""
        code = {"failed": "99", "pending": "17"}[word]
        return self._confirm("CONFIRM", reference, amount, at, "", MaLoi=code)

    def answer(self, question: Question) -> bytes:
        """Return the answer to a GET_BILL."""
        coin = self.first(question.txn_ref)
        if coin is None or self.mood in ("not_found", "too_soon"):
            return b'{"MaLoi": "17"}'
        changes = {"secret": "another"} if self.mood == "unsigned" else {}
        return self._confirm(
            "GET_BILL", coin.reference, coin.amount, coin.paid_at, coin.number, **changes
        )

    def read(self, question: Question, raw: bytes) -> Reply:
        """Return what the product makes of a GET_BILL's answer."""
        return self.adapter.read_bill(question, raw)


@dataclass
class Vaults:
    """The gateways of one story."""

    by_code: dict[str, Vault] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = count(1).__next__
        for made in (VnpayVault, VietqrVault, PortalVault):
            vault = made(numbers)
            self.by_code[vault.code] = vault

    def __getitem__(self, code: str) -> Vault:
        return self.by_code[code]

    @property
    def gateways(self) -> dict[str, Any]:
        """The product's adapters, as the services want them."""
        return {code: vault.adapter for code, vault in self.by_code.items()}

    def coins(self) -> list[Coin]:
        """Return all money that any of them took, in order."""
        return [coin for vault in self.by_code.values() for coin in vault.coins.values()]

    def told(self) -> dict[str, int]:
        """Return, by gateway, what it took and told us of, less what it told us it gave back."""
        sums = dict.fromkeys(self.by_code, 0)
        for coin in self.coins():
            sums[coin.gateway] += coin.amount if coin.told else 0
        for code, vault in self.by_code.items():
            sums[code] -= sum(minor for _, minor in vault.gave_back)
        return sums


@pytest.fixture
def vaults() -> Vaults:
    """Three gateways that have taken nothing yet."""
    return Vaults()


@pytest.fixture
def new_vaults() -> type[Vaults]:
    """Where gateways come from, for a test that tells many stories."""
    return Vaults
