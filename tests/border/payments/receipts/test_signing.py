"""The signature: what was signed verifies, what was altered does not, nothing reaches outside."""

import stat
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from lxml import etree

from border.core.ids import new_id
from border.payments.receipts.document import receipt_document, stated, writable
from border.payments.receipts.receipt import Reason, ReceiptLine
from border.payments.receipts.signing import (
    DEMO_NAME,
    NotWhole,
    ReceiptSigner,
    demo_signer,
    parse,
)
from border.payments.receipts.tables import ReceiptRow

AT = datetime(2026, 11, 23, 5, tzinfo=UTC)


def receipt(**changes: object) -> ReceiptRow:
    """Return a receipt as it is before it is signed."""
    line = ReceiptLine(
        "infrastructure_fee",
        "Phí sử dụng kết cấu hạ tầng",
        "CHG-2",
        "BKG-1",
        800_000,
        (Reason("Mức thu một lượt", "Rate", {}, 800_000), Reason("Không giảm", "None", {})),
    )
    columns: dict[str, object] = {
        "kind": "original",
        "template": "01BLP0-001",
        "serial": "LC-26E",
        "year": 2026,
        "number": 17,
        "issue_key": new_id(),
        "payment_id": new_id(),
        "collector_name": "Ban Quản lý",
        "collector_tax_code": "0100000011",
        "collector_address": "Lào Cai",
        "payer_organisation_id": new_id(),
        "payer_name": "Công ty <Đỏ & Hồng>",
        "payer_tax_code": "5300000001",
        "vehicle_plate": "24C-123.45",
        "subjects": ["BKG-1"],
        "lines": [line.stored()],
        "total_minor": 800_000,
        "total_in_words": "Tám trăm nghìn đồng",
        "currency": "VND",
        "payment_method": "CK",
        "payment_reference": "PAY-1",
        "gateway": "vnpay",
        "gateway_txn": "15000001",
        "paid_at": AT - timedelta(minutes=3),
        "issued_at": AT,
        "lookup_code": "7K3M-2Q2X-A9TB",
        "qr_payload": "https://gate.example.vn/receipts?code=7K3M-2Q2X-A9TB",
        "law_version": "ND254-2026",
    }
    return ReceiptRow(**columns | changes)


@pytest.fixture(scope="module")
def signed(signer: ReceiptSigner) -> bytes:
    """A signed receipt."""
    return signer.sign(receipt_document(receipt(), None), AT)


def test_what_was_signed_is_proved(signer: ReceiptSigner, signed: bytes) -> None:
    proved = signer.verify(signed)
    assert (proved.signed_at, proved.cert_serial) == (AT, signer.serial)
    assert proved.signed_by == DEMO_NAME
    told = stated(proved.data)
    assert (told.serial, told.number, told.total) == ("LC-26E", "17", "800000")
    assert told.payer == "Công ty <Đỏ & Hồng>"


def test_the_signature_is_what_the_decree_s_readers_expect(signed: bytes) -> None:
    text = signed.decode()
    for part in (
        "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "http://www.w3.org/2001/10/xml-exc-c14n#",
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2001/04/xmlenc#sha256",
        "SigningTime>2026-11-23T05:00:00+00:00<",
        "X509Certificate",
    ):
        assert part in text
    assert "sha1" not in text


def test_the_data_say_everything_the_receipt_does(signed: bytes) -> None:
    data = parse(signed).find("DLBLai")
    said = {element.tag: element.text for element in data.iter() if not len(element)}
    assert (
        said
        | {
            "KHMSBLai": "01BLP0-001",
            "KHBLai": "LC-26E",
            "SBLai": "17",
            "NLap": "2026-11-23",
            "GLap": "2026-11-23T12:00:00+07:00",
            "HTTToan": "CK",
            "MGDich": "15000001",
            "MTCuu": "7K3M-2Q2X-A9TB",
            "BKSXe": "24C-123.45",
            "TgTTTBSo": "800000",
            "TgTTTBChu": "Tám trăm nghìn đồng",
            "CCPLy": "ND254-2026",
        }
        == said
    )
    assert [reason.findtext("NDung") for reason in data.iter("DGiai")] == [
        "Mức thu một lượt",
        "Không giảm",
    ]


def test_another_program_finds_the_signature_right(signed: bytes) -> None:
    """Checked here by the letter of the standard, without the library that signed."""
    ds = {"ds": "http://www.w3.org/2000/09/xmldsig#"}
    root = etree.fromstring(signed)
    signature = root.find(".//ds:Signature", ds)
    info = signature.find("ds:SignedInfo", ds)
    assert len(info.findall("ds:Reference", ds)) == 3
    for reference in info.findall("ds:Reference", ds):
        (target,) = root.xpath("//*[@Id=$id]", id=reference.get("URI")[1:])
        used = [
            one.get("Algorithm") for one in reference.iterfind("ds:Transforms/ds:Transform", ds)
        ]
        assert used[-1] == "http://www.w3.org/2001/10/xml-exc-c14n#"
        canonical = etree.tostring(target, method="c14n", exclusive=True)
        digest = b64encode(sha256(canonical).digest()).decode()
        assert reference.findtext("ds:DigestValue", namespaces=ds) == digest
    der = b64decode(signature.findtext(".//ds:X509Certificate", namespaces=ds))
    x509.load_der_x509_certificate(der).public_key().verify(
        b64decode(signature.findtext("ds:SignatureValue", namespaces=ds)),
        etree.tostring(info, method="c14n", exclusive=True),
        padding.PKCS1v15(),
        hashes.SHA256(),
    )


def _altered(xml: bytes) -> list[bytes]:
    """Return the document once for each element and attribute, one byte of it flipped."""
    variants = []
    count = sum(1 for _ in parse(xml).iter())
    for place in range(count):
        for name in (None, *list(parse(xml).iter())[place].attrib):
            root = parse(xml)
            element = list(root.iter())[place]
            text = element.text if name is None else element.get(name)
            if not text or not text.strip():
                continue
            at = len(text) - len(text.lstrip())
            flipped = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
            if name is None:
                element.text = flipped
            else:
                element.set(name, flipped)
            variants.append(etree.tostring(root, encoding="UTF-8", xml_declaration=True))
    return variants


def test_one_byte_flipped_in_any_element_or_attribute_is_found(
    signer: ReceiptSigner, signed: bytes
) -> None:
    variants = _altered(signed)
    assert len(variants) > 60
    for variant in variants:
        with pytest.raises(NotWhole):
            signer.verify(variant)


def test_a_signature_value_has_one_spelling(signer: ReceiptSigner, signed: bytes) -> None:
    """The last letter before the padding carries bits that decoding drops."""
    text = signed.decode()
    end = text.index("==</ds:SignatureValue>") - 1
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = letters[letters.index(text[end]) ^ 1]
    with pytest.raises(NotWhole):
        signer.verify((text[:end] + other + text[end + 1 :]).encode())


def test_one_byte_flipped_anywhere_never_proves_anything_else(
    signer: ReceiptSigner, signed: bytes
) -> None:
    """What still verifies, such as another quotation mark, proves the very same data."""
    whole = etree.tostring(signer.verify(signed).data, method="c14n")
    for place in range(0, len(signed), 7):
        variant = signed[:place] + bytes([signed[place] ^ 1]) + signed[place + 1 :]
        try:
            proved = signer.verify(variant)
        except NotWhole:
            continue
        assert etree.tostring(proved.data, method="c14n") == whole


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.replace("<NDBLai>", "<NDBLai><!-- 9 -->"),
        lambda t: t.replace(">800000</TgTTTBSo>", ">8<!---->00000</TgTTTBSo>"),
        lambda t: t.replace("<NDBLai>", "<NDBLai><?x y?>"),
        lambda t: t.replace("<BLai>", "<BLai><DLBLai Id='other'/>"),
        lambda t: t.replace("<BLai>", "<BLai>paid twice"),
        lambda t: t.replace("<DSCKS>", "<DSCKS>paid twice"),
        lambda t: t.replace("</DSCKS>", "<NThu/></DSCKS>"),
        lambda t: t.replace("<BLai>", "<BLai x='1'>"),
        lambda t: t.replace("<DSCKS>", "<DSCKS x='1'>"),
    ],
)
def test_nothing_is_added_around_or_into_what_was_signed(
    signer: ReceiptSigner, signed: bytes, change
) -> None:
    text = signed.decode()
    assert change(text) != text
    with pytest.raises(NotWhole):
        signer.verify(change(text).encode())


def test_signed_data_are_not_moved_aside_for_others(signer: ReceiptSigner, signed: bytes) -> None:
    """The signed block goes elsewhere and a forged one takes its place."""
    root = parse(signed)
    data = root[0]
    forged = etree.fromstring(etree.tostring(data))
    forged.find(".//TgTTTBSo").text = "1"
    forged.set("Id", "data")
    root.replace(data, forged)
    root[1].append(data)
    with pytest.raises(NotWhole):
        signer.verify(etree.tostring(root))


def test_nobody_else_s_signature_counts(signed: bytes, tmp_path: Path) -> None:
    stranger = demo_signer(tmp_path)
    with pytest.raises(NotWhole, match="nobody we trust"):
        stranger.verify(signed)


def test_an_earlier_certificate_still_counts(signed: bytes, tmp_path: Path) -> None:
    key, cert = _pair()
    own = parse(signed).find(".//{*}X509Certificate").text
    pem = f"-----BEGIN CERTIFICATE-----\n{own.strip()}\n-----END CERTIFICATE-----\n".encode()
    with pytest.raises(NotWhole, match="nobody we trust"):
        ReceiptSigner(key, cert).verify(signed)
    assert ReceiptSigner(key, cert, [pem]).verify(signed).signed_at == AT


def test_a_certificate_counts_only_for_its_own_time() -> None:
    key, cert = _pair(until=AT - timedelta(days=1))
    late = ReceiptSigner(key, cert)
    assert not late.holds_on(AT)
    with pytest.raises(NotWhole):
        late.verify(late.sign(receipt_document(receipt(), None), AT))
    in_time = AT - timedelta(days=2)
    early = late.sign(receipt_document(receipt(), None), in_time)
    assert late.verify(early).signed_at == in_time


def _pair(
    until: datetime = AT + timedelta(days=365), key: object | None = None
) -> tuple[bytes, bytes]:
    """Return a key and its certificate as an operator would configure them."""
    key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Ban Quản lý")])
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=400))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    form = serialization.PrivateFormat.PKCS8
    secret = key.private_bytes(pem, form, serialization.NoEncryption())
    return secret, cert.public_bytes(pem)


def test_key_and_certificate_must_belong_together() -> None:
    (key, _), (_, cert) = _pair(), _pair()
    with pytest.raises(ValueError, match="another key"):
        ReceiptSigner(key, cert)


@pytest.mark.parametrize(
    "key",
    [ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 1024)],
    ids=["not RSA", "too short"],
)
def test_a_weak_or_other_key_is_refused(key: object) -> None:
    with pytest.raises(ValueError, match="RSA key of 2,048 bits"):
        ReceiptSigner(*_pair(key=key))


def test_a_demonstration_s_certificate_says_so_and_is_made_once(tmp_path: Path) -> None:
    first, again = demo_signer(tmp_path), demo_signer(tmp_path)
    assert first.serial == again.serial
    assert "MÔ PHỎNG" in first.subject
    kept = tmp_path / "secrets" / "receipt_demo.pem"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "xml",
    [
        b"",
        b"no xml",
        b"<BLai/>",
        b"<BLai><DLBLai Id='data'/><DSCKS/></BLai>",
        b"<BLai>" + b" " * 1_000_001 + b"</BLai>",
    ],
)
def test_what_is_no_receipt_is_refused(signer: ReceiptSigner, xml: bytes) -> None:
    with pytest.raises(NotWhole):
        signer.verify(xml)


def test_no_entity_is_followed(signer: ReceiptSigner, signed: bytes, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("TOP-SECRET")
    text = signed.decode().split("?>", 1)[1].strip()
    for kind in (
        f'<!DOCTYPE BLai [<!ENTITY x SYSTEM "file://{secret}">]>',
        '<!DOCTYPE BLai SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE BLai [<!ENTITY a "aaaa"><!ENTITY x "&a;&a;&a;">]>',
    ):
        attack = kind + text.replace(">800000</TgTTTBSo>", ">&x;</TgTTTBSo>")
        with pytest.raises(NotWhole) as refused:
            signer.verify(attack.encode())
        assert "TOP-SECRET" not in str(refused.value)


def test_what_xml_cannot_hold_becomes_a_space(signer: ReceiptSigner) -> None:
    assert writable("a\x01b\x0cc") == "a b c"
    plain = "".join(c for c in map(chr, range(0x3000)) if c.isprintable())
    assert writable(plain + "\x01") == writable(plain) + " "
    row = receipt(payer_name="Công\x02ty")
    proved = signer.verify(signer.sign(receipt_document(row, None), AT))
    assert stated(proved.data).payer == "Công ty"


def test_a_correction_names_the_receipt_it_is_about(signer: ReceiptSigner) -> None:
    row = receipt(kind="replacement", number=18, reason="Sai tên người nộp")
    xml = signer.sign(receipt_document(row, receipt()), AT)
    about = signer.verify(xml).data.find("TTChung/TTBLLQuan")
    assert {one.tag: one.text for one in about} == {
        "KHMSBLai": "01BLP0-001",
        "KHBLai": "LC-26E",
        "SBLai": "17",
        "NLap": "2026-11-23",
        "LDo": "Sai tên người nộp",
    }
    assert replace(signer.verify(xml), data=about).cert_serial == signer.serial
