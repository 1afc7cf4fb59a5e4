"""Signing a receipt's XML, and telling whether a signed one is whole: XAdES, an XML signature.

Enveloped, RSA with SHA-256, exclusive canonical form; the business data, the time of signing and
the certificate are all covered. A certificate is trusted because the operator configured it, not
because of what it says of itself. What the data mean is `document`'s.
"""

import os
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import NamedTemporaryFile

from cryptography import x509
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.exceptions import SignXMLException
from signxml.signer import SignatureReference
from signxml.util import SigningSettings
from signxml.verifier import SignatureConfiguration
from signxml.xades.xades import XAdESSigner, XAdESVerifier

from border.payments.receipts.document import DATA_ID, DATA_TAG, SIGNATURE_PLACE

_DSIG = "http://www.w3.org/2000/09/xmldsig#"
_XADES = "http://uri.etsi.org/01903/v1.3.2#"
_SIGNING_TIME = f"{{{_XADES}}}SigningTime"
_QUALIFYING = f"{{{_XADES}}}QualifyingProperties"
_EXCLUSIVE = CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0
_LARGEST = 1_000_000
"""Bytes a signed receipt may have; a real one has about ten thousand."""
_EXPECTED = {
    "location": f"./{SIGNATURE_PLACE}/",
    "expect_references": 3,  # the data, what is said of the signature, the certificate
    "signature_methods": frozenset({SignatureMethod.RSA_SHA256}),
    "digest_algorithms": frozenset({DigestAlgorithm.SHA256}),
}


class NotWhole(Exception):
    """A signed document that was altered, or that nobody we trust has signed."""


@dataclass(frozen=True)
class Signed:
    """What a whole document proves: the business data, who signed them, and when by their word."""

    data: etree._Element
    cert_serial: str
    signed_by: str
    signed_at: datetime


class _SignerAt(XAdESSigner):
    """Signs with an instant that is given rather than asked of the machine."""

    def __init__(self, at: datetime) -> None:
        super().__init__(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=_EXCLUSIVE,
        )
        self._at = at

    def add_signing_time(
        self,
        signed_signature_properties: etree._Element,
        sig_root: etree._Element,
        signing_settings: SigningSettings,
    ) -> None:
        """Write the instant of signing."""
        place = etree.SubElement(signed_signature_properties, _SIGNING_TIME)
        place.text = self._at.astimezone(UTC).isoformat(timespec="seconds")

    def _add_reference_to_signed_info(
        self, sig_root: etree._Element, node_to_reference: etree._Element, **attrs: str
    ) -> None:
        """Name the exclusive form, which is used, where the library leaves it to be guessed.

        source: XML Signature 4.4.3.2: without a transform readers take the inclusive form.
        """
        super()._add_reference_to_signed_info(  # type: ignore[no-untyped-call]
            sig_root, node_to_reference, **attrs
        )
        reference = sig_root.findall(f"{{{_DSIG}}}SignedInfo/{{{_DSIG}}}Reference")[-1]
        transforms = etree.Element(f"{{{_DSIG}}}Transforms")
        etree.SubElement(transforms, f"{{{_DSIG}}}Transform", Algorithm=_EXCLUSIVE.value)
        reference.insert(0, transforms)


def parse(xml: bytes) -> etree._Element:
    """Return the root of a document from outside; nothing in it reaches for a file or the net.

    Raises `NotWhole` if it is no XML, or has what a receipt never has: a document type, an entity,
    a comment or a processing instruction.
    """
    if len(xml) > _LARGEST:
        raise NotWhole("the document is too large")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False
    )
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise NotWhole("the document is no XML") from error
    tree = root.getroottree()
    if tree.docinfo.internalDTD is not None or tree.docinfo.externalDTD is not None:
        raise NotWhole("the document declares a type")
    odd = (etree.Comment, etree.ProcessingInstruction, etree.Entity)
    if any(True for _ in tree.iter(*odd)) or root.getprevious() is not None:
        raise NotWhole("the document has parts that no signature covers")
    return root


class ReceiptSigner:
    """The key that signs receipts, its certificate, and the certificates that came before it.

    `older` are certificates in PEM whose receipts still count. The three are given as PEM.
    """

    def __init__(self, key_pem: bytes, cert_pem: bytes, older: Sequence[bytes] = ()) -> None:
        """Take a key and its certificate; raises ValueError if they do not belong together."""
        key = serialization.load_pem_private_key(key_pem, None)
        if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
            raise ValueError("receipts are signed with an RSA key of 2,048 bits or more")
        self._key = key
        self._chain = x509.load_pem_x509_certificates(cert_pem)
        own = self._chain[0].public_key()
        if own != key.public_key():
            raise ValueError("the certificate for receipts belongs to another key")
        earlier = [one for pem in older for one in x509.load_pem_x509_certificates(pem)]
        self._trusted = {_fingerprint(one): one for one in (self._chain[0], *earlier)}

    @property
    def serial(self) -> str:
        """The serial number of the certificate, in hexadecimal digits."""
        return serial_text(self._chain[0])

    @property
    def subject(self) -> str:
        """Whom the certificate is for."""
        return _name(self._chain[0])

    def holds_on(self, at: datetime) -> bool:
        """Say whether the certificate is valid at an instant."""
        own = self._chain[0]
        return own.not_valid_before_utc <= at <= own.not_valid_after_utc

    def sign(self, root: etree._Element, at: datetime) -> bytes:
        """Return the document with its signature in the place it keeps for it.

        Takes some milliseconds of one core: call it from a thread of its own.
        """
        signed = _SignerAt(at).sign(
            root,
            always_add_key_value=False,
            key=self._key,
            cert=self._chain[:1],
            reference_uri=[SignatureReference(URI=f"#{DATA_ID}")],
        )
        xml: bytes = etree.tostring(signed, encoding="UTF-8", xml_declaration=True)
        return xml

    def verify(self, xml: bytes) -> Signed:
        """Return what a signed document proves. Raises `NotWhole` if a byte of it was altered."""
        root = parse(xml)
        cert, at = self._signer_of(root), _signing_time(root)
        config = SignatureConfiguration(verification_time=at, **_EXPECTED)  # type: ignore[arg-type]
        try:
            results = XAdESVerifier().verify(root, x509_cert=cert, expect_config=config)
        except (SignXMLException, InvalidKey, ValueError, TypeError, etree.LxmlError) as error:
            raise NotWhole(str(error)) from error
        covered = results if isinstance(results, list) else [results]
        data = covered[0].signed_xml
        if data is None or data.tag != DATA_TAG or data.get("Id") != DATA_ID:
            raise NotWhole("the signature covers something else than the receipt")
        if not _only_holds_what_is_signed(root):
            raise NotWhole("the document holds more than what was signed")
        return Signed(data, serial_text(cert), _name(cert), at)

    def _signer_of(self, root: etree._Element) -> x509.Certificate:
        """Return the trusted certificate that the document names as its signer's."""
        found = root.findall(f".//{{{_DSIG}}}X509Certificate")
        if len(found) != 1:
            raise NotWhole("the document names no signer")
        try:
            der = b64decode("".join((found[0].text or "").split()), validate=True)
            named = x509.load_der_x509_certificate(der)
        except ValueError as error:
            raise NotWhole("the certificate cannot be read") from error
        trusted = self._trusted.get(_fingerprint(named))
        if trusted is None:
            raise NotWhole("nobody we trust has signed the document")
        return trusted


def _only_holds_what_is_signed(root: etree._Element) -> bool:
    """Say whether what no signature covers is as we write it: the way to the signature, its value.

    Elsewhere there is nothing to hold anything: no attribute, no text, no further element.
    """
    way, place = [root], root
    for step in SIGNATURE_PLACE.split("/"):
        place = place.find(step)
        way.append(place)
    signature = place[0]
    expected = [2, *(1 for _ in way[1:])]
    around = all(
        len(one) == count and not one.attrib and not _text_between(one)
        for one, count in zip(way, expected, strict=True)
    )
    value = "".join((signature.findtext(f"{{{_DSIG}}}SignatureValue") or "").split())
    named = signature.find(f".//{_QUALIFYING}").get("Target") == f"#{signature.get('Id')}"
    return around and named and b64encode(b64decode(value)).decode() == value


def _text_between(element: etree._Element) -> bool:
    texts = (element.text, *(child.tail for child in element))
    return any(text and text.strip() for text in texts)


def _signing_time(root: etree._Element) -> datetime:
    """Return when the document says that it was signed; verifying shows whether that is true."""
    found = root.findall(f".//{_SIGNING_TIME}")
    try:
        (place,) = found
        at = datetime.fromisoformat(place.text or "")
    except ValueError as error:
        raise NotWhole("the document does not say when it was signed") from error
    if at.tzinfo is None:
        raise NotWhole("the time of signing names no zone")
    return at


def _fingerprint(cert: x509.Certificate) -> bytes:
    return sha256(cert.public_bytes(serialization.Encoding.DER)).digest()


def serial_text(cert: x509.Certificate) -> str:
    """Return a certificate's serial number in hexadecimal digits."""
    return f"{cert.serial_number:X}"


def _name(cert: x509.Certificate) -> str:
    found = cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[0].value) if found else cert.subject.rfc4514_string()


DEMO_NAME = "MÔ PHỎNG (DEMO) - không có giá trị pháp lý"
"""Whom the certificate of a demonstration is for."""
_DEMO_FROM, _DEMO_UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)


def demo_signer(folder: Path) -> ReceiptSigner:
    """Return the signer of a demonstration, whose key and certificate are made at first use.

    writes: `<folder>/secrets/receipt_demo.pem`, once, readable by its owner only; two programs
    that start together agree on one.
    """
    place = folder / "secrets"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = place / "receipt_demo.pem"
    if not path.exists():
        with NamedTemporaryFile(dir=place, prefix=".receipt_demo.") as fresh:
            fresh.write(_demo_pem())
            fresh.flush()
            with suppress(FileExistsError):
                os.link(fresh.name, path)
    both = path.read_bytes()
    return ReceiptSigner(both, both)


def _demo_pem() -> bytes:
    """Return a fresh key and the certificate it signs for itself, one after the other."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "MÔ PHỎNG (DEMO)"),
            x509.NameAttribute(NameOID.COMMON_NAME, DEMO_NAME),
        ]
    )
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_DEMO_FROM)
        .not_valid_after(_DEMO_UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return secret + cert.public_bytes(serialization.Encoding.PEM)
