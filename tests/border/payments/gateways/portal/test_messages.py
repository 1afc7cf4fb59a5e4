"""The portal's wire, against vectors computed from the documented order of fields."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.core.money import Money
from border.payments.gateways.evidence import (
    Evidence,
    Finding,
    GatewayUnavailable,
    Order,
    Question,
    RefundMethod,
    Source,
    Taken,
)
from border.payments.gateways.portal.digest import CONFIRM, GET_BILL, INIT, HashMode, digest
from border.payments.gateways.portal.messages import Portal
from border.payments.gateways.portal.receipt import PortalCollector

KEY = "DVC-TEST-KEY"
PORTAL = Portal("GATE", KEY, "https://pay.portal.example.vn/init")
AT = datetime(2026, 11, 22, 8, 32, 13, tzinfo=UTC)
INIT_TEXT = (
    "INIT|1.0.6|GATE|LC2026000123A1|2000000|PAY|1|1|vi-VN|VND|PAYMENT"
    "|Phi ha tang cua khau LC-2026-000123|20261122093000|203.0.113.7"
)
INIT_HASH = "6f586006a2aa415fac72d721ee0a51a2c774d2d8f9ef1db276212c243592c163"
CONFIRM_TEXT = (
    "CONFIRM|00|GATE|LC2026000123A1|2000000|VND|DVC2611220001|NCB|20261122093212"
    "|Phi ha tang cua khau LC-2026-000123"
)
CONFIRM_HASH = "d4d4eb677746f695f2228f075efc7de62f877d9d8962696436dff9983de323a6"
BILL_TEXT = "GET_BILL|1.0.6|GATE|LC2026000123A1|20261122093000"
BILL_HASH = "bc82c4808e67749fc9b6975cbc7930abca5d6aa5834885f82725393229f2a079"
VECTORS = {INIT_TEXT: INIT_HASH, CONFIRM_TEXT: CONFIRM_HASH, BILL_TEXT: BILL_HASH}
NOTICE = dict(zip(CONFIRM, CONFIRM_TEXT.split("|"), strict=True)) | {"MaXacThuc": CONFIRM_HASH}
QUESTION = Question("r1", "LC2026000123A1", "20261122093000", AT)


def order(**changes: Any) -> Order:
    fields: dict[str, Any] = {
        "txn_ref": "LC2026000123A1",
        "amount": Money(2_000_000),
        "says": "Phí hạ tầng cửa khẩu LC-2026-000123",
        "created_at": datetime(2026, 11, 22, 2, 30, tzinfo=UTC),
        "expires_at": datetime(2026, 11, 22, 2, 45, tzinfo=UTC),
        "client_ip": "203.0.113.7",
        "base_url": "https://gate.example.vn",
    }
    return Order(**fields | changes)


def notice(**changes: Any) -> bytes:
    """Return the notice of the vector, changed but not signed anew."""
    return json.dumps(NOTICE | changes).encode()


def signed(key: str = KEY, mode: HashMode = HashMode.SHA256, **changes: Any) -> bytes:
    """Return the notice, changed and signed anew; None leaves a field out."""
    whole = {k: v for k, v in (NOTICE | changes).items() if v is not None}
    text = "|".join(str(whole.get(name, "")) for name in CONFIRM)
    return json.dumps(whole | {"MaXacThuc": digest(mode, key, text)}).encode()


def proof(read: Evidence | Taken | None) -> Evidence:
    assert isinstance(read, Evidence), read
    return read


# Hashes


@pytest.mark.parametrize(("text", "expected"), VECTORS.items(), ids=["INIT", "CONFIRM", "GET_BILL"])
def test_the_hash_is_that_of_the_vector_and_no_others(text: str, expected: str) -> None:
    assert PORTAL.sign(text) == expected
    assert PORTAL.genuine(text, expected)
    assert PORTAL.genuine(text, expected.upper())
    for other in ("", "0" * 64, expected[:-1], "é" * 64, *set(VECTORS.values()) - {expected}):
        assert not PORTAL.genuine(text, other)


def test_the_older_form_is_another_hash_of_the_same_text() -> None:
    old_form = replace(PORTAL, hash_mode=HashMode.HMAC)
    # computed by: printf %s CONFIRM_TEXT | openssl dgst -sha256 -hmac DVC-TEST-KEY
    assert old_form.sign(CONFIRM_TEXT) == (
        "1104839b238b3f5f3b8c377f327509a82e669a2ed68a164eeeba7ff1eaf83033"
    )
    assert not old_form.genuine(CONFIRM_TEXT, CONFIRM_HASH)
    assert isinstance(old_form.read_notice(signed(mode=HashMode.HMAC)), Evidence)
    assert old_form.read_notice(notice()) is Taken.FORGED
    assert PORTAL.read_notice(signed(mode=HashMode.HMAC)) is Taken.FORGED


@pytest.mark.parametrize("mode", HashMode)
def test_during_a_rotation_both_secrets_are_believed_no_third_and_the_new_one_signs(
    mode: HashMode,
) -> None:
    rotating = replace(PORTAL, secret="new", old_secret=KEY, hash_mode=mode)
    assert isinstance(rotating.read_notice(signed("new", mode)), Evidence)
    assert isinstance(rotating.read_notice(signed(KEY, mode)), Evidence)
    assert rotating.read_notice(signed("third", mode)) is Taken.FORGED
    assert rotating.read_notice(signed("", mode)) is Taken.FORGED
    for read in (rotating.read_bill(QUESTION, signed(k, mode)) for k in ("new", KEY)):
        assert read.evidence
    assert rotating.read_bill(QUESTION, signed("third", mode)).evidence is None
    settled = replace(PORTAL, secret="new", hash_mode=mode)
    assert rotating.init_body(order()) == settled.init_body(order())
    assert rotating.question_body(QUESTION) == settled.question_body(QUESTION)
    assert rotating.acknowledge(Taken.RECORDED, signed(KEY, mode), AT) == settled.acknowledge(
        Taken.RECORDED, signed("new", mode), AT
    )


def test_a_partner_without_a_secret_cannot_be_made_and_none_is_shown() -> None:
    with pytest.raises(ValueError, match="secret"):
        replace(PORTAL, secret="")
    shown = repr(replace(PORTAL, old_secret="the-secret-before"))
    assert KEY not in shown
    assert "the-secret-before" not in shown


@pytest.mark.parametrize(
    "changes",
    [
        {"partner": ""},
        {"partner": "GA|TE"},
        {"init_url": ""},
        {"init_url": "ftp://portal"},
        {"init_url": "https://"},
        {"init_url": "https://portal:port/"},
    ],
    ids=str,
)
def test_a_partner_the_portal_could_not_have_is_a_mistake_of_ours(changes: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="portal"):
        replace(PORTAL, **changes)


# Opening a payment


def test_the_announcement_is_the_vector() -> None:
    body = PORTAL.init_body(order())
    assert "|".join(str(body[name]) for name in INIT) == INIT_TEXT
    assert body["MaXacThuc"] == INIT_HASH


def test_the_receipt_has_one_fee_of_the_whole_amount_and_what_the_portal_knows_of_us() -> None:
    collector = PortalCollector(
        unit_code="H38", unit_name="Ban quản lý", account="3511", fee_code="2"
    )
    body = replace(PORTAL, collector=collector).init_body(order())
    says = "Phi ha tang cua khau LC-2026-000123"
    assert body["ThongTinBienLai"] == {
        "MaDichVu": "2",
        "MaDVC": "",
        "TenDVC": "",
        "MaTTHC": "",
        "TenTTHC": "",
        "MaDonVi": "H38",
        "TenDonVi": "Ban quản lý",
        "MaHoSo": "LC2026000123A1",
        "TKThuHuong": "3511",
        "MaNHThuHuong": "",
        "TenTKThuHuong": "",
        "PhiLePhi": [
            {"LoaiPhiLePhi": "1", "MaPhiLePhi": "2", "TenPhiLePhi": says, "SoTien": "2000000"}
        ],
        "HoTenNguoiNop": "",
        "SoCMNDNguoiNop": "",
        "DiaChiNguoiNop": "",
        "HuyenNguoiNop": "",
        "TinhNguoiNop": "",
        "DSKhoanNop": [{"NoiDung": says, "SoTien": "2000000"}],
        "NoiDungThanhToan": says,
    }


def texts(value: object) -> Iterable[str]:
    """Yield every text in a message."""
    match value:
        case str(text):
            yield text
        case dict(members):
            for member in members.values():
                yield from texts(member)
        case list(members):
            for member in members:
                yield from texts(member)


@given(st.text(), st.text())
def test_no_bar_is_ever_sent(says: str, client_ip: str) -> None:
    body = PORTAL.init_body(order(says=says, client_ip=client_ip))
    assert not any("|" in text for text in texts(body))


@pytest.mark.parametrize("reference", ["LC|1", "", "LC 1", "LC\n", "x" * 65])
def test_a_reference_with_a_bar_is_a_mistake_of_ours(reference: str) -> None:
    with pytest.raises(ValueError, match="reference"):
        PORTAL.init_body(order(txn_ref=reference))
    with pytest.raises(ValueError, match="reference"):
        PORTAL.question_body(replace(QUESTION, txn_ref=reference))


def test_a_bar_in_what_the_portal_knows_of_us_is_a_mistake_of_ours() -> None:
    with pytest.raises(ValueError, match="bar"):
        PortalCollector(unit_name="Ban|quản lý")


@pytest.mark.parametrize("amount", [Money(0), Money(-1), Money(10**13), Money(1_00, "CNY")])
def test_an_amount_the_portal_cannot_collect_is_a_mistake_of_ours(amount: Money) -> None:
    with pytest.raises(ValueError, match="does not collect"):
        PORTAL.init_body(order(amount=amount))


def test_a_payment_is_known_to_the_portal_by_its_own_reference_and_refunded_by_transfer() -> None:
    assert PORTAL.txn_ref("PAY-7K3M2-Q2XA9", 41) == "PAY7K3M2Q2XA9"
    assert PORTAL.sent_at(datetime(2026, 12, 31, 17, 0, 5, tzinfo=UTC)) == "20270101000005"
    assert (PORTAL.code, PORTAL.refund_method) == ("portal", RefundMethod.TRANSFER)
    assert PORTAL.currencies == {"VND"}


def opened(url: object, **more: object) -> bytes:
    return json.dumps({"MaLoi": "00", "UrlThanhToan": url} | more).encode()


def enveloped(inner: bytes, code: object = "0") -> bytes:
    return json.dumps({"error_code": code, "message": inner.decode()}).encode()


PAGE = "https://pay.portal.example.vn/pay?id=1"


@pytest.mark.parametrize(
    "raw",
    [opened(PAGE), opened(PAGE, MoTaLoi="OK"), enveloped(opened(PAGE)), enveloped(opened(PAGE), 0)],
    ids=["plain", "more", "enveloped", "enveloped_number"],
)
def test_the_page_to_pay_on_is_read_in_an_envelope_or_not(raw: bytes) -> None:
    assert PORTAL.read_init(raw) == PAGE


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.vn/pay",
        "https://pay.portal.example.vn.evil.vn/",
        "https://pay.portal.example.vn@evil.vn/",
        "https://user@pay.portal.example.vn/",
        "https://evil.vn\\@pay.portal.example.vn/",
        "https:\\\\evil.vn/",
        "https://pay.portal.example.vn:8443/",
        "http://pay.portal.example.vn/",
        "//pay.portal.example.vn/",
        "/pay",
        "javascript:alert(1)",
        "javascript://pay.portal.example.vn/%0aalert(1)",
        "data:text/html,x",
        "ftp://pay.portal.example.vn/",
        "https://",
        "https:///pay",
        "https://[pay.portal.example.vn/",
        "https://pay.portal.example.vn:port/",
        "https://pay.portal.example.vn/a b",
        " https://pay.portal.example.vn/",
        "https://pay.portal.example.vn/\r\nSet-Cookie: a=b",
        "htt\tps://pay.portal.example.vn/",
        "https://pay.pоrtal.example.vn/",
        "https://pay.portal.example.vn/" + "x" * 2048,
        "",
        None,
        7,
        ["https://pay.portal.example.vn/"],
    ],
    ids=repr,
)
def test_the_payer_is_sent_nowhere_else(url: object) -> None:
    with pytest.raises(GatewayUnavailable, match="not its own"):
        PORTAL.read_init(opened(url))


def test_the_payer_is_sent_to_hosts_that_are_set_up() -> None:
    known = replace(PORTAL, pay_hosts=frozenset({"dvc.example.vn", "test.example.vn:8443"}))
    for url in ("https://dvc.example.vn/a", "https://DVC.example.vn:444/", PAGE):
        assert known.read_init(opened(url)) == url
    assert known.read_init(opened("https://test.example.vn:8443/"))
    for url in ("https://test.example.vn/", "http://dvc.example.vn/", "https://x.dvc.example.vn"):
        with pytest.raises(GatewayUnavailable):
            known.read_init(opened(url))


def test_a_portal_reached_without_encryption_may_name_a_page_without() -> None:
    near = replace(PORTAL, init_url="http://127.0.0.1:8100/init")
    assert near.read_init(opened("http://127.0.0.1:8100/pay")) == "http://127.0.0.1:8100/pay"
    with pytest.raises(GatewayUnavailable):
        near.read_init(opened("http://127.0.0.1:8101/pay"))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b'{"MaLoi": "99", "MoTaLoi": "DVC-TEST-KEY"}', "MaLoi 99"),
        (b'{"MaLoi": "<b>DVC-TEST-KEY</b>"}', "MaLoi unreadable"),
        (b'{"MaLoi": null}', "MaLoi unreadable"),
        (b'{"UrlThanhToan": "https://pay.portal.example.vn/"}', "MaLoi unreadable"),
        (b'{"MaLoi": 0, "UrlThanhToan": "https://pay.portal.example.vn/"}', "MaLoi 0"),
        (enveloped(opened(PAGE), "-1"), "bus did not pass it on: -1"),
        (enveloped(opened(PAGE), None), "bus did not pass it on: unreadable"),
        (enveloped(opened(PAGE), False), "bus did not pass it on"),
        (b'{"error_code": "0", "message": {"MaLoi": "00"}}', "no message"),
        (b'{"error_code": "0", "message": "\\ud800"}', "no message"),
        (b'{"error_code": "0"}', "no message"),
        (opened(PAGE)[:-3], "no message"),
        (b'{"MaLoi": "00", ' + opened(PAGE)[1:], "no message"),
        (b"<html></html>", "no message"),
        (b"[]", "no message"),
        (b"", "no message"),
    ],
)
def test_a_payment_that_is_not_opened_is_told_without_the_secret(raw: bytes, says: str) -> None:
    with pytest.raises(GatewayUnavailable, match=says) as told:
        PORTAL.read_init(raw)
    assert KEY not in str(told.value)


# Notices


def test_the_notice_of_the_vector_is_proof_of_payment() -> None:
    read = proof(PORTAL.read_notice(notice()))
    assert read == Evidence(
        gateway="portal",
        txn_ref="LC2026000123A1",
        finding=Finding.PAID,
        amount=Money(2_000_000),
        source=Source.PUSH,
        provider_txn="DVC2611220001",
        paid_at=datetime(2026, 11, 22, 2, 32, 12, tzinfo=UTC),
    )
    assert Evidence.of(read.stored()) == read


@pytest.mark.parametrize(
    "raw",
    [
        notice(MaXacThuc=CONFIRM_HASH.upper()),
        notice(Token="a|b", SoThe="9704", Extra={"x": [1]}, MaLoi2=7),
        notice(SoTien=2000000),
        json.dumps(dict(reversed(NOTICE.items())), indent=2).encode(),
    ],
    ids=["upper", "more_fields", "whole_number", "other_order"],
)
def test_what_does_not_touch_the_signed_values_still_verifies(raw: bytes) -> None:
    assert proof(PORTAL.read_notice(raw)).finding is Finding.PAID


def test_the_amount_is_whole_dong_and_nothing_is_multiplied() -> None:
    for text, minor in (("1", 1), ("0", 0), ("9" * 13, 10**13 - 1)):
        assert proof(PORTAL.read_notice(signed(SoTien=text))).amount == Money(minor)


def test_the_time_is_the_gates_own_of_24_hours() -> None:
    read = proof(PORTAL.read_notice(signed(ThoiGianGD="20261122153212")))
    assert read.paid_at == datetime(2026, 11, 22, 8, 32, 12, tzinfo=UTC)
    for text in ("", "20261122 03:32", "20261122993212"):
        read = proof(PORTAL.read_notice(signed(ThoiGianGD=text)))
        assert (read.paid_at, read.finding) == (None, Finding.PAID)


@pytest.mark.parametrize(
    ("code", "found"),
    [("00", Finding.PAID), ("99", Finding.FAILED)]
    + [(code, Finding.PENDING) for code in ("01", "0", "000", "24", "98", "OK", "٠٠", " 00")],
)
def test_only_00_is_a_payment_and_unknown_codes_leave_it_pending(code: str, found: Finding) -> None:
    read = proof(PORTAL.read_notice(signed(MaLoi=code)))
    assert read.finding is found
    assert proof(PORTAL.read_notice(signed(MaLoi=code, MaGiaoDich=""))).provider_txn is None


def test_the_codes_of_a_failure_are_set_up() -> None:
    told = replace(PORTAL, failed_codes=frozenset({"24", "00"}))
    assert proof(told.read_notice(signed(MaLoi="24"))).finding is Finding.FAILED
    assert proof(told.read_notice(signed(MaLoi="99"))).finding is Finding.PENDING
    assert proof(told.read_notice(signed())).finding is Finding.PAID


@pytest.mark.parametrize("number", ["", None])
def test_a_success_without_the_portals_number_is_left_pending(number: str | None) -> None:
    read = proof(PORTAL.read_notice(signed(MaGiaoDich=number)))
    assert (read.finding, read.provider_txn) == (Finding.PENDING, None)


@pytest.mark.parametrize(
    "raw",
    [
        notice(MaXacThuc=""),
        notice(MaXacThuc=None),
        notice(MaXacThuc="0" * 64),
        notice(MaXacThuc=CONFIRM_HASH[:-1]),
        notice(MaXacThuc=INIT_HASH),
        notice(SoTien="100"),
        notice(SoTien="02000000"),
        notice(MaThamChieu="LC2026000123A2"),
        notice(MaDoiTac="OTHER"),
        notice(MaLoi="99"),
        notice(MaGiaoDich="DVC2611220002"),
        notice(ThongTinGiaoDich=""),
        signed("another key"),
        signed(""),
        b"{}",
        b'{"MaXacThuc": "\\ud800"}',
    ],
    ids=[
        "empty",
        "null",
        "zeros",
        "short",
        "of_another_message",
        "amount",
        "amount_with_zero",
        "ref",
        "partner",
        "code",
        "number",
        "text",
        "other_key",
        "no_key",
        "nothing",
        "surrogate",
    ],
)
def test_a_forged_notice_is_told_as_forged(raw: bytes) -> None:
    assert PORTAL.read_notice(raw) is Taken.FORGED


@pytest.mark.parametrize("field", CONFIRM)
def test_a_bar_in_any_signed_field_is_forged_though_the_hash_verifies(field: str) -> None:
    assert PORTAL.read_notice(signed(**{field: NOTICE[field] + "|"})) is Taken.FORGED


def test_values_moved_over_a_bar_have_the_same_hash_and_are_forged() -> None:
    moved = signed(MaNganHang="NCB|20261122093212", ThoiGianGD="Phi", ThongTinGiaoDich=None)
    genuine = json.loads(signed(ThongTinGiaoDich="Phi|"))
    assert json.loads(moved)["MaXacThuc"] == genuine["MaXacThuc"]
    assert PORTAL.read_notice(moved) is Taken.FORGED


@given(st.integers(0, len(notice()) - 1), st.integers(1, 255))
def test_no_changed_byte_turns_a_notice_into_another(place: int, flip: int) -> None:
    changed = bytearray(notice())
    changed[place] ^= flip
    read = PORTAL.read_notice(bytes(changed))
    assert isinstance(read, Taken) or read == PORTAL.read_notice(notice())


def test_another_partner_is_not_ours_though_signed() -> None:
    assert PORTAL.read_notice(signed(MaDoiTac="OTHER")) is Taken.NOT_OURS


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"<html></html>",
        notice()[:-1],
        notice() + b" " * 65_536,
        b'{"SoTien": "100", ' + notice()[1:],
        b'{"Extra": 1, "Extra": 2, ' + notice()[1:],
        signed(MaLoi=0),
        signed(MaGiaoDich=2611220001),
        signed(ThongTinGiaoDich=["Phi"]),
        signed(MaThamChieu={"a": "b"}),
        signed(MaNganHang=True),
        signed(SoTien=True),
        signed(SoTien=2000000.0),
        signed(SoTien="2000000.0"),
        signed(SoTien="2,000,000"),
        signed(SoTien="-2000000"),
        signed(SoTien=-2000000),
        signed(SoTien="+2000000"),
        signed(SoTien="02000000"),
        signed(SoTien="1" * 14),
        signed(SoTien="٢٠٠٠"),
        signed(SoTien="2000000\n"),
        signed(SoTien="2e6"),
        signed(SoTien=""),
        signed(SoTien=None),
        signed(MaLoi=""),
        signed(MaThamChieu=""),
        signed(MaThamChieu="LC2026 A1"),
        signed(MaThamChieu="LC\x00"),
        signed(MaThamChieu="x" * 65),
        signed(MaGiaoDich="DVC 1"),
        signed(MaGiaoDich="x" * 65),
        signed(MaGiaoDich="\x00"),
        signed(MaTienTe="USD"),
        signed(MaTienTe=""),
        signed(LoaiBanTin="INIT"),
        signed(LoaiBanTin="GET_BILL"),
        signed(LoaiBanTin=""),
    ],
    ids=range(40),
)
def test_a_malformed_notice_is_told_as_malformed(raw: bytes) -> None:
    assert PORTAL.read_notice(raw) is Taken.MALFORMED


# Answers to notices


def test_every_outcome_has_an_answer_and_its_hash_covers_its_own_values() -> None:
    codes = {}
    for taken in Taken:
        answer = PORTAL.acknowledge(taken, notice(), AT)
        assert answer.status == 200
        names = ["MaLoi", "MoTaLoi", "MaDoiTac", "MaThamChieu", "ThoiGianGD"]
        assert list(answer.body) == [*names, "MaXacThuc"]
        values = [str(answer.body[name]) for name in names]
        assert values[2:] == ["GATE", "LC2026000123A1", "20261122153213"]
        assert values[1]
        assert answer.body["MaXacThuc"] == digest(HashMode.SHA256, KEY, "|".join(values))
        assert not any("|" in value for value in values)
        codes[taken] = values[0]
    assert codes == dict.fromkeys(Taken, "99") | {Taken.RECORDED: "00", Taken.REPEATED: "00"}


@pytest.mark.parametrize(
    "raw",
    [notice(MaXacThuc=""), signed("other"), signed(MaDoiTac="OTHER"), b"", b"[]", b"\xff"],
    ids=["unsigned", "other_key", "other_partner", "nothing", "list", "bytes"],
)
def test_nobody_has_us_sign_words_of_theirs(raw: bytes) -> None:
    for taken in Taken:
        assert PORTAL.acknowledge(taken, raw, AT).body["MaThamChieu"] == ""


# Questions


def test_the_question_is_the_vector() -> None:
    body = PORTAL.question_body(QUESTION)
    assert "|".join(body[name] for name in GET_BILL) == BILL_TEXT
    assert set(body) == {*GET_BILL, "MaXacThuc"}
    assert body["MaXacThuc"] == BILL_HASH


@pytest.mark.parametrize(
    "raw",
    [
        notice(),
        signed(LoaiBanTin="GET_BILL"),
        enveloped(notice()),
        enveloped(signed(LoaiBanTin="GET_BILL"), 0),
    ],
    ids=["CONFIRM", "GET_BILL", "enveloped_CONFIRM", "enveloped_GET_BILL"],
)
def test_a_signed_answer_about_our_reference_is_proof_of_payment(raw: bytes) -> None:
    reply = PORTAL.read_bill(QUESTION, raw)
    evidence = proof(reply.evidence)
    assert evidence == replace(proof(PORTAL.read_notice(notice())), source=Source.PULL)
    assert (reply.raw, reply.wait) == (raw, None)


@pytest.mark.parametrize("code", ["01", "24", "99", "OK"])
def test_no_answer_proves_that_a_payment_failed(code: str) -> None:
    reply = PORTAL.read_bill(QUESTION, signed(MaLoi=code, MaGiaoDich=""))
    assert proof(reply.evidence).finding is Finding.PENDING


@pytest.mark.parametrize(
    "raw",
    [
        notice(MaXacThuc=""),
        notice(SoTien="100"),
        signed("another key"),
        signed(MaThamChieu="LC2026000123A2"),
        signed(MaDoiTac="OTHER"),
        signed(LoaiBanTin="INIT"),
        signed(SoTien="2000000.0"),
        signed(MaTienTe="USD"),
        signed(ThongTinGiaoDich="a|b"),
        enveloped(notice(), "-1"),
        enveloped(notice(MaXacThuc="")),
        b'{"MaLoi": "99", "MoTaLoi": "khong tim thay"}',
        b'{"SoTien": "100", ' + notice()[1:],
        notice()[:-20],
        b"<html>502</html>",
        b"[]",
        b"",
        b"\xff\xfe",
    ],
    ids=range(18),
)
def test_whatever_else_comes_back_proves_nothing(raw: bytes) -> None:
    reply = PORTAL.read_bill(QUESTION, raw)
    assert (reply.evidence, reply.wait) == (None, None)
