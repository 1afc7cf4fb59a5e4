"""VNPAY's wire, against published and computed vectors, right and wrong.

V1 and V2 are the test fixtures of lehuygiang28/vnpay (MIT) under the secret `test_secret`; A to
H were computed with Python's own hmac from the documented order of fields.
"""

from datetime import UTC, datetime
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.money import Money
from border.payments.gateways.evidence import Evidence, Finding, Order, RefundMethod, Taken
from border.payments.gateways.vnpay.messages import Vnpay, canonical, finding, sign

SECRET = "GATE-EMULATOR-TEST-SECRET-0001"
V1 = (
    "vnp_Amount=1000000&vnp_BankCode=NCB&vnp_BankTranNo=VNP14422574&vnp_CardType=ATM"
    "&vnp_OrderInfo=Thanh+toan+don+hang+2024-05-21T02%3A17%3A31.249Z&vnp_PayDate=20240521091806"
    "&vnp_ResponseCode=00&vnp_TmnCode=TEST_TMN_CODE&vnp_TransactionNo=14422574"
    "&vnp_TransactionStatus=00&vnp_TxnRef=1716257871703"
)
V1_HASH = (
    "649982421beb422556a1374713c74e58e716ecbd05007c0c0e1f7effdfaf361d"
    "bf146889ca446139afe11b9954c4d5c486e99e3b86fcfab6957f29eb0be72895"
)
V2 = V1.replace("vnp_ResponseCode=00", "vnp_ResponseCode=99")
V2_HASH = (
    "503194f6d93b57b357b2d1d09742565e67e86d771352c5dca4fc8d39df3d392c"
    "6b3809add9405f97cfb9631f445e36c80656cfbf47eac67d97fa165865c13e1b"
)
A = (
    "vnp_Amount=200000000&vnp_Command=pay&vnp_CreateDate=20261122093000&vnp_CurrCode=VND"
    "&vnp_ExpireDate=20261122094500&vnp_IpAddr=203.0.113.7&vnp_Locale=vn"
    "&vnp_OrderInfo=Phi+ha+tang+cua+khau+LC-2026-000123&vnp_OrderType=other"
    "&vnp_ReturnUrl=https%3A%2F%2Fgate.example.vn%2Fpay%2Fvnpay%2Freturn&vnp_TmnCode=GATE0001"
    "&vnp_TxnRef=LC2026000123A1&vnp_Version=2.1.0"
)
A_HASH = (
    "6c3504d93f6cedeac13d705cb399e651d4519284492a2df6119b40ef05e509cd"
    "1a606e4ca85be3b349341ac61e9f771a54b7a5fa1ba0613f2db39e3fdce9b55b"
)
B = (
    "vnp_Amount=200000000&vnp_BankCode=NCB&vnp_BankTranNo=VNP15000001&vnp_CardType=ATM"
    "&vnp_OrderInfo=Phi+ha+tang+cua+khau+LC-2026-000123&vnp_PayDate=20261122093212"
    "&vnp_ResponseCode=00&vnp_TmnCode=GATE0001&vnp_TransactionNo=15000001"
    "&vnp_TransactionStatus=00&vnp_TxnRef=LC2026000123A1"
)
B_HASH = (
    "83f7f4f7938eb0346342dfd8b2d38430231d39fd3177ec14c71c4bae75bb03eb"
    "7e0e03a0e7bffa74a04a94b02f7ab805f878cd9a7fda34f1cba3d059b1e4137b"
)
B_HASH_OF_PERCENT_20 = (
    "c3d41a403b216e0a8205d99449c9691af098fbba80d2100950f73b03b43a5954"
    "efbb5217546c5a207a1bfccde45e2df34506da82dfc3da976e0348ddc4d4faf0"
)
B_HASH_OF_UNENCODED = (
    "78ada17ee71f03d8e08c674dd534baf503a63a81a8999a964f94fbafb010fb0b"
    "715f70a31c00a8a493acd611edc0865f21fb75d507a9c7ebb6d695b44204cf10"
)
C = (
    "vnp_Amount=200000000&vnp_BankCode=VNPAY&vnp_CardType=QRCODE"
    "&vnp_OrderInfo=Phi+ha+tang+cua+khau+LC-2026-000123&vnp_PayDate=20261122093300"
    "&vnp_ResponseCode=24&vnp_TmnCode=GATE0001&vnp_TransactionNo=0"
    "&vnp_TransactionStatus=02&vnp_TxnRef=LC2026000123A1"
)
C_HASH = (
    "e9eb7a235fce7db879645826867675b01e2ce97ef5f4c11d91139a6febc9d332"
    "41e9bf36bc1eab2ea8ae4c505d612c61e2de95a53440a6715fa12c3b012cd9da"
)
F = (
    "1f1c2d3e4b5a69788796a5b4c3d2e1f1|2.1.0|refund|GATE0001|03|LC2026000123A1|50000000|15000001"
    "|20261122093000|cashier01|20261122110000|203.0.113.10|Hoan phi mot phan LC2026000123A1"
)
F_HASH = (
    "d58c8c4f5f20e68caa0b7b30ee79b3964cfff66aa2f68883f4b56975e3b65e39"
    "326c2b805431a8de27c3ff3e023d178f0e2e53c3d13f6359317669990343e49f"
)
G = (
    "2a8b7c6d5e4f40312233445566778890|refund|00|Success|GATE0001|LC2026000123A1|50000000|NCB"
    "|20261122110001|15000002|03|05|Hoan phi mot phan LC2026000123A1"
)
G_HASH = (
    "4ccf7ba5bac0560c3519a19bea9002ae338ef86e88e68f30eb23df21f5f13e72"
    "0bf034081e04d932dee260061eaee7336cdf4ec7af3fdb21665e1a4ded295485"
)
H = "vnp_A=~%2A%21%28%29%27-._%2F%3A+%40&vnp_B=Ph%C3%AD&vnp_C=a%2Bb%26c%3Dd%25"
H_HASH = (
    "55a7370fe54de13b975f8460201115582fb040767021065ee7c0f273b10e0cb1"
    "0256d09c8556e80913513706e0f12504deac4f63a3bc4ac0e752232e95d0efc9"
)

GATE = Vnpay("GATE0001", SECRET, "https://sandbox.example.vn/pay", return_path="/pay/vnpay/return")
SHOP = Vnpay("TEST_TMN_CODE", "test_secret", "https://sandbox.example.vn/pay")


def sent(query: str, signature: str) -> bytes:
    return f"{query}&vnp_SecureHash={signature}".encode()


def resigned(query: str, secret: str = SECRET) -> bytes:
    return sent(query, sign(secret, query))


def proof(read: Evidence | Taken) -> Evidence:
    assert isinstance(read, Evidence), read
    return read


def answered(taken: Taken, raw: bytes = b"") -> str | bool:
    answer = GATE.acknowledge(taken, raw, datetime(2026, 11, 22, 3, 0, tzinfo=UTC))
    assert answer.status == 200
    assert set(answer.body) == {"RspCode", "Message"}
    return answer.body["RspCode"]


def order(**changes: object) -> Order:
    fields = {
        "txn_ref": "LC2026000123A1",
        "amount": Money(2_000_000),
        "says": "Phí hạ tầng cửa khẩu LC-2026-000123",
        "created_at": datetime(2026, 11, 22, 2, 30, tzinfo=UTC),
        "expires_at": datetime(2026, 11, 22, 2, 45, tzinfo=UTC),
        "client_ip": "203.0.113.7",
        "base_url": "https://gate.example.vn",
    }
    return Order(**fields | changes)


@pytest.mark.parametrize(
    ("text", "signature", "secret"),
    [
        (V1, V1_HASH, "test_secret"),
        (V2, V2_HASH, "test_secret"),
        (A, A_HASH, SECRET),
        (B, B_HASH, SECRET),
        (C, C_HASH, SECRET),
        (F, F_HASH, SECRET),
        (G, G_HASH, SECRET),
        (H, H_HASH, SECRET),
    ],
    ids=["V1", "V2", "A", "B", "C", "F", "G", "H"],
)
def test_the_signer_gives_the_hash_of_the_vector(text: str, signature: str, secret: str) -> None:
    assert sign(secret, text) == signature


@pytest.mark.parametrize("text", [V1, V2, A, B, C, H], ids=["V1", "V2", "A", "B", "C", "H"])
def test_the_canonical_text_of_the_decoded_values_is_the_vector(text: str) -> None:
    fields = dict(reversed(parse_qsl(text)))
    assert canonical(fields | {"vnp_SecureHash": "ff", "vnp_BankTranNo2": ""}) == text


async def test_the_pay_address_is_the_vector_accents_stripped_and_amount_times_100() -> None:
    url = (await GATE.checkout(order())).redirect_url
    assert url == f"https://sandbox.example.vn/pay?{A}&vnp_SecureHash={A_HASH}"


@pytest.mark.parametrize("base_url", ["https://gate.example.vn/~a", "https://cửa.vn", "http://a?b"])
async def test_a_return_address_with_other_characters_is_a_mistake_of_ours(base_url: str) -> None:
    with pytest.raises(ValueError, match="encoders disagree"):
        await GATE.checkout(order(base_url=base_url))


@pytest.mark.parametrize("amount", [Money(0), Money(10**10), Money(1_00, "CNY")])
async def test_an_amount_vnpay_cannot_collect_is_a_mistake_of_ours(amount: Money) -> None:
    with pytest.raises(ValueError, match="does not deal in"):
        await GATE.checkout(order(amount=amount))


@pytest.mark.parametrize(
    ("client_ip", "sent_ip"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("::1", "0000:0000:0000:0000:0000:0000:0000:0001"),
        ("", "127.0.0.1"),
    ],
)
async def test_the_payers_address_has_the_length_vnpay_asks_for(
    client_ip: str, sent_ip: str
) -> None:
    checkout = await GATE.checkout(order(client_ip=client_ip))
    assert parse_qs(urlsplit(checkout.redirect_url or "").query)["vnp_IpAddr"] == [sent_ip]


def test_a_terminal_without_a_secret_cannot_be_made_and_none_is_shown() -> None:
    with pytest.raises(ValueError, match="secret"):
        Vnpay("GATE0001", "", "https://sandbox.example.vn/pay")
    assert SECRET not in repr(GATE)


def test_a_success_is_read_with_its_amount_number_and_time() -> None:
    read = proof(GATE.read_notice(sent(B, B_HASH)))
    assert read.finding is Finding.PAID
    assert (read.txn_ref, read.amount) == ("LC2026000123A1", Money(2_000_000))
    assert read.provider_txn == "15000001"
    assert read.paid_at == datetime(2026, 11, 22, 2, 32, 12, tzinfo=UTC)
    assert Evidence.of(read.stored()) == read


def test_a_published_success_is_read() -> None:
    assert proof(SHOP.read_notice(sent(V1, V1_HASH))).finding is Finding.PAID


def test_a_published_notice_that_contradicts_itself_proves_nothing() -> None:
    assert proof(SHOP.read_notice(sent(V2, V2_HASH))).finding is Finding.PENDING


def test_a_cancellation_is_a_failure_and_its_empty_field_is_not_signed() -> None:
    raw = sent("vnp_BankTranNo=&" + C, C_HASH)
    read = proof(GATE.read_notice(raw))
    assert read.finding is Finding.FAILED
    assert read.provider_txn is None


@pytest.mark.parametrize("signature", [B_HASH_OF_PERCENT_20, B_HASH_OF_UNENCODED])
def test_a_hash_over_another_form_is_forged_where_plus_was_sent(signature: str) -> None:
    assert GATE.read_notice(sent(B, signature)) is Taken.FORGED


def test_a_hash_over_percent_20_is_good_where_percent_20_was_sent() -> None:
    raw = sent(B.replace("+", "%20"), B_HASH_OF_PERCENT_20)
    assert proof(GATE.read_notice(raw)).finding is Finding.PAID


@pytest.mark.parametrize(
    "raw",
    [
        sent(B, B_HASH.upper()),
        sent(B.replace("+", "%20"), B_HASH),
        sent("&".join(reversed(B.split("&"))), B_HASH),
        b"vnp_SecureHash=" + B_HASH.encode() + b"&" + B.encode(),
        sent("vnp_SecureHashType=HMACSHA512&" + B, B_HASH),
        sent("utm_source=mail&" + B, B_HASH),
        resigned(B.replace("&vnp_CardType=ATM", "")),
        resigned(B + "&vnp_ZFuture=new"),
        resigned(C.replace("%3A", "%3a").replace("vnp_CardType=QRCODE", "vnp_CardType=Q%c3%ad")),
    ],
    ids=[
        "upper",
        "percent20",
        "order",
        "first",
        "type",
        "foreign",
        "fewer",
        "more",
        "lower_escape",
    ],
)
def test_what_does_not_touch_the_signed_values_still_verifies(raw: bytes) -> None:
    assert isinstance(GATE.read_notice(raw), Evidence)


@pytest.mark.parametrize(
    "raw",
    [
        B.encode(),
        sent(B, ""),
        sent(B, "0" * 128),
        sent(B, B_HASH[:-1]),
        sent(B, "é" * 128),
        sent(B.replace("200000000", "100"), B_HASH),
        sent(B.replace("A1", "A2"), B_HASH),
        sent(C, B_HASH),
        resigned(B, "another secret"),
        resigned(B, ""),
        sent(B + "&vnp_ResponseCode=00", B_HASH),
        resigned("vnp_Amount=100&" + B),
        sent(B, B_HASH) + b"&vnp_SecureHash=00",
        b"\xff\xfe=\x80&vnp_SecureHash=\xff",
    ],
    ids=[
        "none",
        "empty",
        "zeros",
        "short",
        "accents",
        "amount",
        "ref",
        "other_notice",
        "other_secret",
        "no_secret",
        "repeated",
        "repeated_signed",
        "two_hashes",
        "bytes",
    ],
)
def test_a_forged_notice_is_told_as_forged(raw: bytes) -> None:
    assert GATE.read_notice(raw) is Taken.FORGED
    assert answered(Taken.FORGED, raw) == "97"


@given(st.integers(0, len(B) - 1), st.integers(1, 255))
def test_no_changed_byte_of_the_signed_text_passes(place: int, flip: int) -> None:
    changed = bytearray(B.encode())
    changed[place] ^= flip
    read = GATE.read_notice(bytes(changed) + f"&vnp_SecureHash={B_HASH}".encode())
    assert isinstance(read, Taken)


def test_during_a_rotation_both_secrets_are_believed_and_no_third() -> None:
    rotating = Vnpay("GATE0001", "new", "https://sandbox.example.vn/pay", old_secret=SECRET)
    assert isinstance(rotating.read_notice(sent(B, B_HASH)), Evidence)
    assert isinstance(rotating.read_notice(resigned(B, "new")), Evidence)
    assert rotating.read_notice(resigned(B, "third")) is Taken.FORGED
    assert rotating.read_notice(resigned(B, "")) is Taken.FORGED


async def test_during_a_rotation_the_new_secret_signs() -> None:
    rotating = Vnpay("GATE0001", SECRET, "https://sandbox.example.vn/pay", old_secret="old")
    url = (await rotating.checkout(order())).redirect_url or ""
    query, _, signature = urlsplit(url).query.partition("&vnp_SecureHash=")
    assert signature == sign(SECRET, query)
    assert {SECRET, "old"}.isdisjoint(repr(rotating).split("'"))


def test_another_terminal_is_not_ours_though_signed() -> None:
    raw = resigned(B.replace("GATE0001", "GATE0002"))
    assert GATE.read_notice(raw) is Taken.NOT_OURS
    assert answered(Taken.NOT_OURS, raw) == "99"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"vnp_A=" + b"x" * 9000,
        resigned(B.replace("&vnp_TxnRef=LC2026000123A1", "")),
        resigned(B.replace("vnp_Amount=200000000&", "")),
        resigned(B.replace("&vnp_ResponseCode=00", "")),
        resigned(B.replace("&vnp_TransactionStatus=00", "")),
    ],
    ids=["empty", "oversize", "no_ref", "no_amount", "no_response", "no_status"],
)
def test_a_malformed_notice_is_told_as_malformed(raw: bytes) -> None:
    assert GATE.read_notice(raw) is Taken.MALFORMED


@pytest.mark.parametrize("amount", ["200000050", "2000000.00", "-200000000", "1" * 13, "٢٠٠"])
def test_what_is_no_amount_of_dong_is_read_as_none(amount: str) -> None:
    fields = dict(parse_qsl(B)) | {"vnp_Amount": amount}
    assert proof(GATE.read_notice(resigned(canonical(fields)))).amount is None


@pytest.mark.parametrize("number", ["", "0", "000", "1" * 16, "15000001a", "-1", "١٢٣"])
def test_a_success_without_vnpays_number_is_left_pending(number: str) -> None:
    fields = dict(parse_qsl(B)) | {"vnp_TransactionNo": number}
    read = proof(GATE.read_notice(resigned(canonical(fields))))
    assert (read.finding, read.provider_txn) == (Finding.PENDING, None)
    assert read.amount == Money(2_000_000)


def test_a_payment_is_known_to_vnpay_by_its_own_reference_and_refunded_by_its_interface() -> None:
    assert GATE.txn_ref("PAY-7K3M2-Q2XA9", 41) == "PAY7K3M2Q2XA9"
    assert GATE.sent_at(datetime(2026, 12, 31, 17, 0, 5, tzinfo=UTC)) == "20270101000005"
    assert GATE.refund_method is RefundMethod.API


PAID, FAILED, PENDING, REVIEW = Finding.PAID, Finding.FAILED, Finding.PENDING, Finding.REVIEW
OF_A_SUCCESS = {
    "00": PAID,
    "01": PENDING,
    "02": FAILED,
    "04": REVIEW,
    "05": REVIEW,
    "06": REVIEW,
    "07": REVIEW,
    "08": FAILED,
    "09": REVIEW,
    "11": FAILED,
    "55": PENDING,
    "": PENDING,
}
"""What each status amounts to beside a response of 00; 55 stands for all that are unknown."""
OF_A_FAILURE = OF_A_SUCCESS | {"00": PENDING}
"""Beside a response of failure. One that contradicts a status of success proves nothing."""
OF_A_SUSPICION = dict.fromkeys(OF_A_SUCCESS, REVIEW)
OF_THE_UNKNOWN = {
    status: REVIEW if found is REVIEW else PENDING for status, found in OF_A_SUCCESS.items()
}
FAILURES = ["09", "10", "11", "12", "13", "24", "51", "65", "75", "79", "99"]
EXPECTED = (
    {"00": OF_A_SUCCESS, "07": OF_A_SUSPICION, "55": OF_THE_UNKNOWN, "": OF_THE_UNKNOWN}
    | dict.fromkeys(FAILURES, OF_A_FAILURE)
)  # fmt: skip


@pytest.mark.parametrize("status", OF_A_SUCCESS)
@pytest.mark.parametrize("response", EXPECTED)
def test_every_pair_of_codes_amounts_to_what_the_table_says(response: str, status: str) -> None:
    assert finding(response, status) is EXPECTED[response][status]


def test_only_two_zeros_are_a_payment() -> None:
    codes = [f"{n:02}" for n in range(100)]
    paid = [(r, s) for r in codes for s in codes if finding(r, s) is Finding.PAID]
    assert paid == [("00", "00")]


def test_every_outcome_has_an_answer_in_vnpays_words() -> None:
    assert {taken: answered(taken) for taken in Taken} == {
        Taken.RECORDED: "00",
        Taken.UNKNOWN: "01",
        Taken.REPEATED: "02",
        Taken.WRONG_AMOUNT: "04",
        Taken.FORGED: "97",
        Taken.MALFORMED: "99",
        Taken.NOT_OURS: "99",
        Taken.NOT_NOW: "99",
    }
