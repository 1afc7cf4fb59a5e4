"""The National Public Service Portal's payment platform: its messages, signed, read and written.

Pure: no HTTP, no clock, no database; the calls are in `client`. Amounts are whole đồng, in
text. A hash covers the values of a message in a fixed order with bars between and nothing escaped,
so a bar inside a value would move a border between two fields: none is sent, and a message with
one proves nothing.

source: see `digest`. There is no published table of the platform's codes either.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from border.core.money import Money
from border.payments.gateways.evidence import (
    Acknowledgement,
    Evidence,
    Finding,
    GatewayUnavailable,
    Order,
    Question,
    RefundMethod,
    Reply,
    Source,
    Taken,
)
from border.payments.gateways.portal.answer import code_for_people, is_address, leads_to, unwrapped
from border.payments.gateways.portal.digest import (
    ACKNOWLEDGED,
    CONFIRM,
    GET_BILL,
    HASH,
    INIT,
    VERSION,
    HashMode,
    digest,
)
from border.payments.gateways.portal.receipt import PortalCollector, receipt
from border.payments.gateways.wire import (
    Json,
    address,
    as_read,
    as_sent,
    joined_by_bars,
    plain,
    read_object,
    same_hash,
)

_DONE = "00"
_FAILURES: frozenset[str] = frozenset({"99"})
"""The one code of an error that the sources name, "other errors"."""
_AMOUNT = re.compile(r"0|[1-9][0-9]{0,12}")
_REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_NUMBER = re.compile(r"[!-{}~]{1,64}")

_NOT_SAID = PortalCollector()

_REPLIES: Mapping[Taken, tuple[str, str]] = {
    Taken.RECORDED: (_DONE, "Thanh cong"),
    Taken.REPEATED: (_DONE, "Da ghi nhan truoc do"),
    Taken.UNKNOWN: ("99", "Khong tim thay giao dich"),
    Taken.WRONG_AMOUNT: ("99", "So tien khong khop"),
    Taken.FORGED: ("99", "Sai ma xac thuc"),
    Taken.MALFORMED: ("99", "Sai dinh dang"),
    Taken.NOT_OURS: ("99", "Sai ma doi tac"),
    Taken.NOT_NOW: ("99", "Tam thoi khong ghi nhan duoc"),
}


@dataclass(frozen=True)
class Portal:
    """One partner of the platform. `old_secret` is still believed while a new one comes into use.

    `bill_url` is where questions go, `init_url` unless given. The payer is sent to no other hosts
    than that of `init_url` and `pay_hosts` (`host` or `host:port`). `failed_codes`, for which
    there is no published table, are the codes by which a notice says that a payment failed; all
    unknown ones leave it pending.
    """

    code: ClassVar[str] = "portal"
    currencies: ClassVar[frozenset[str]] = frozenset({"VND"})
    refund_method: ClassVar[RefundMethod] = RefundMethod.TRANSFER
    keeps_unknown: ClassVar[bool] = False

    partner: str
    secret: str = field(repr=False)
    init_url: str
    old_secret: str = field(default="", repr=False)
    hash_mode: HashMode = HashMode.SHA256
    bill_url: str = ""
    pay_hosts: frozenset[str] = frozenset()
    failed_codes: frozenset[str] = _FAILURES
    collector: PortalCollector = _NOT_SAID
    return_path: str = ""

    def __post_init__(self) -> None:
        if not self.secret:
            raise ValueError("the portal needs a secret: without one anybody could sign")
        if not _REFERENCE.fullmatch(self.partner):
            raise ValueError(f"{self.partner!r} is no partner code of the portal")
        if not is_address(self.init_url):
            raise ValueError(f"{self.init_url!r} is no address of the portal")

    def sent_at(self, at: datetime) -> str:
        """Return `at` as ThoiGianGD has it; a question must repeat it to the letter."""
        return as_sent(at)

    def txn_ref(self, payment_reference: str, number: int) -> str:
        """Return the payment's own reference without its dashes."""
        return payment_reference.replace("-", "")

    def sign(self, text: str) -> str:
        """Return the hash of `text` under the present secret."""
        return digest(self.hash_mode, self.secret, text)

    def genuine(self, text: str, given: str) -> bool:
        """Say whether `given` is our or our former hash over `text`, in constant time."""
        believed = (self.secret, self.old_secret or self.secret)
        return same_hash((digest(self.hash_mode, secret, text) for secret in believed), given)

    def init_body(self, order: Order) -> dict[str, Json]:
        """Return the message that announces a payment, signed, with what the receipt will say."""
        if order.amount.currency != "VND" or not 0 < order.amount.minor < 10**13:
            raise ValueError(f"the portal does not collect {order.amount}")
        says = plain(order.says)
        fields = {
            "LoaiBanTin": "INIT",
            "PhienBan": VERSION,
            "MaDoiTac": self.partner,
            "MaThamChieu": _own(order.txn_ref),
            "SoTien": str(order.amount.minor),
            "LoaiHinhThanhToan": "PAY",
            "MaKenhThanhToan": "1",
            "MaThietBi": "1",
            "NgonNgu": "vi-VN",
            "MaTienTe": order.amount.currency,
            "MaNganHang": "PAYMENT",
            "ThongTinGiaoDich": says,
            "ThoiGianGD": as_sent(order.created_at),
            "Ip": address(order.client_ip),
        }
        back = f"{order.base_url}{self.return_path}?ref={order.txn_ref}"
        return {
            **fields,
            **({"UrlTraVe": back} if self.return_path else {}),
            "ThongTinBienLai": receipt(self.collector, order.txn_ref, order.amount, says),
            HASH: self.sign(joined_by_bars(fields, INIT)),
        }

    def read_init(self, raw: bytes) -> str:
        """Return the address of the page to pay on, from the answer to `init_body`.

        The answer bears no hash, so where it may lead is limited: see `pay_hosts`.
        refuses: GatewayUnavailable.
        """
        answer = unwrapped(raw)
        if answer.get("MaLoi") != _DONE:
            refusal = code_for_people(answer, "MaLoi")
            raise GatewayUnavailable(f"the portal opened no payment: MaLoi {refusal}")
        url = answer.get("UrlThanhToan")
        if not isinstance(url, str) or not leads_to(url, self.init_url, self.pay_hosts):
            raise GatewayUnavailable("the portal names a page to pay on that is not its own")
        return url

    def question_body(self, question: Question) -> dict[str, str]:
        """Return the message that asks about a payment, signed."""
        fields = {
            "LoaiBanTin": "GET_BILL",
            "PhienBan": VERSION,
            "MaDoiTac": self.partner,
            "MaThamChieu": _own(question.txn_ref),
            "ThoiGianGD": question.created_as_sent,
        }
        return fields | {HASH: self.sign(joined_by_bars(fields, GET_BILL))}

    def read_bill(self, question: Question, raw: bytes) -> Reply:
        """Return what the answer to `question_body` proves about the attempt asked about.

        Only a payment is proved by it: the code of an answer that knows no such payment, or had
        trouble finding out, cannot be told from that of a payment that failed.
        """
        try:
            fields = self._read(unwrapped(raw))
        except GatewayUnavailable:
            return Reply(raw=raw)
        if (
            isinstance(fields, Taken)
            or fields["LoaiBanTin"] not in ("GET_BILL", "CONFIRM")
            or fields["MaThamChieu"] != question.txn_ref
        ):
            return Reply(raw=raw)
        proof = self._proof(fields, Source.PULL)
        return Reply(proof if isinstance(proof, Evidence) else None, raw=raw)

    def read_notice(self, raw: bytes) -> Evidence | Taken:
        """Return what a notice (CONFIRM) proves, or why nothing.

        Fields it does not know are passed over: they are not signed and say nothing to us.
        """
        body = read_object(raw)
        fields = Taken.MALFORMED if body is None else self._read(body)
        if isinstance(fields, Taken):
            return fields
        if fields["LoaiBanTin"] != "CONFIRM":
            return Taken.MALFORMED
        return self._proof(fields, Source.PUSH)

    def acknowledge(self, taken: Taken, raw: bytes, at: datetime) -> Acknowledgement:
        """Return the answer to a notice: 00 for what is recorded, 99 and why for all else.

        Its hash covers its own values in their order, as that of every other message does; the
        sources leave it open. The reference is repeated only from a genuine notice, so that nobody
        has us sign words of theirs.
        """
        code, says = _REPLIES[taken]
        body = read_object(raw)
        read = Taken.MALFORMED if body is None else self._read(body)
        fields = {
            "MaLoi": code,
            "MoTaLoi": says,
            "MaDoiTac": self.partner,
            "MaThamChieu": "" if isinstance(read, Taken) else read["MaThamChieu"],
            "ThoiGianGD": as_sent(at),
        }
        return Acknowledgement(
            200, fields | {HASH: self.sign(joined_by_bars(fields, ACKNOWLEDGED))}
        )

    def _read(self, body: Mapping[str, Json]) -> dict[str, str] | Taken:
        """Return the signed fields of a message as text, once their hash is found genuine.

        Null counts as empty; the amount may be a whole number, which has one spelling. A bar in a
        value is forgery whatever the hash: that of other values could be passed off for it.
        """
        fields: dict[str, str] = {}
        for name in (*CONFIRM, HASH):
            match body.get(name):
                case None:
                    fields[name] = ""
                case str(text):
                    fields[name] = text
                case int(minor) if name == "SoTien" and not isinstance(minor, bool):
                    fields[name] = str(minor)
                case _:
                    return Taken.MALFORMED
        if any("|" in text for text in fields.values()):
            return Taken.FORGED
        if not self.genuine(joined_by_bars(fields, CONFIRM), fields[HASH]):
            return Taken.FORGED
        return fields if fields["MaDoiTac"] == self.partner else Taken.NOT_OURS

    def _proof(self, fields: Mapping[str, str], source: Source) -> Evidence | Taken:
        """Return what the genuine fields of a message prove about a payment.

        A success without the portal's number of it could not be booked once and no more, so it is
        left pending: the portal is asked.
        """
        reference, number, minor = (fields[n] for n in ("MaThamChieu", "MaGiaoDich", "SoTien"))
        if (
            not _REFERENCE.fullmatch(reference)
            or not _AMOUNT.fullmatch(minor)
            or not (_NUMBER.fullmatch(number) or not number)
            or not fields["MaLoi"]
            or fields["MaTienTe"] != "VND"
        ):
            return Taken.MALFORMED
        found = Finding.PENDING
        if fields["MaLoi"] == _DONE and number:
            found = Finding.PAID
        elif fields["MaLoi"] in self.failed_codes and source is Source.PUSH:
            found = Finding.FAILED
        return Evidence(
            gateway=self.code,
            txn_ref=reference,
            finding=found,
            amount=Money(int(minor), "VND"),
            source=source,
            provider_txn=number or None,
            paid_at=as_read(fields["ThoiGianGD"]),
        )


def _own(reference: str) -> str:
    """Return a reference of ours; one with other characters is a mistake of ours."""
    if not _REFERENCE.fullmatch(reference):
        raise ValueError(f"{reference!r} is no reference the portal would keep apart from others")
    return reference
