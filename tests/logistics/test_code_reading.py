"""Codes read from photographs: exactly what is printed, or nothing."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from logistics.code_reading import LARGEST_BYTES, NotAnImage, ReadCode, read_codes

SAMPLES = Path(__file__).parent / "barcodes"
PICTURES = sorted(
    path for path in SAMPLES.rglob("*") if path.suffix in {".png", ".webp", ".jpg", ".jpeg"}
)
WITH_CODE = [path for path in PICTURES if path.with_suffix(".txt").exists()]
WITHOUT_CODE = [path for path in PICTURES if path.parent.name == "falsepositives-1"]
FORMATS = {"code128-1": "code_128", "code39-1": "code_39", "qrcode-1": "qr", "qrcode-3": "qr"}
SENTENCE = "LC1 is how a token begins; this one stands for any other."


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def qr_picture(text: str = SENTENCE, scale: int = 6) -> Image.Image:
    written = BytesIO()
    segno.make_qr(text).save(written, kind="png", scale=scale, border=4)
    return Image.open(written).convert("L")


def encoded(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    written = BytesIO()
    picture.save(written, kind, **options)
    return written.getvalue()


def test_the_samples_are_all_here() -> None:
    assert len(WITH_CODE) == 38
    assert len(WITHOUT_CODE) == 21
    assert sorted(PICTURES) == sorted(WITH_CODE + WITHOUT_CODE)


@pytest.mark.parametrize("path", WITH_CODE, ids=named)
def test_a_sample_is_read_exactly(path: Path) -> None:
    expected = path.with_suffix(".txt").read_bytes().decode()

    assert read_codes(path.read_bytes()) == (ReadCode(expected, FORMATS[path.parent.name]),)


@pytest.mark.parametrize("path", WITHOUT_CODE, ids=named)
def test_nothing_is_read_where_there_is_no_code(path: Path) -> None:
    assert read_codes(path.read_bytes()) == ()


@pytest.mark.parametrize("quarter_turn", range(4))
@pytest.mark.parametrize("path", WITH_CODE[::3], ids=named)
def test_a_photograph_held_any_way_round_is_read(path: Path, quarter_turn: int) -> None:
    with Image.open(path) as upright:
        turned = upright.convert("L").rotate(90 * quarter_turn, expand=True, fillcolor=255)
    expected = path.with_suffix(".txt").read_bytes().decode()

    assert [code.text for code in read_codes(encoded(turned))] == [expected]


def grainy(picture: Image.Image, share: float) -> Image.Image:
    """Return the picture under a veil of grain, always the same grain."""
    width, height = picture.size
    grain = Image.frombytes("L", picture.size, Random(1).randbytes(width * height))
    return Image.blend(picture, grain, share)


SPOILT = {
    "grainy": (lambda picture: grainy(picture, 0.4), 10),
    "blurred": (lambda picture: picture.filter(ImageFilter.GaussianBlur(1)), 10),
    "small": (lambda picture: picture.resize([max(8, n * 7 // 10) for n in picture.size]), 10),
    "crooked": (lambda picture: picture.rotate(7, expand=True, fillcolor=255), 10),
    "torn": (lambda picture: picture.crop((0, 0, picture.width * 7 // 10, picture.height)), 0),
}
"""Ways to spoil a photograph, and how many of the samples must survive each."""


@pytest.mark.parametrize("spoil", SPOILT)
def test_a_spoilt_photograph_gives_the_right_text_or_none(spoil: str) -> None:
    spoilt, survivors = SPOILT[spoil]
    read = 0
    for path in WITH_CODE:
        with Image.open(path) as opened:
            picture = spoilt(opened.convert("RGB").convert("L"))
        texts = {code.text for code in read_codes(encoded(picture))}
        assert texts <= {path.with_suffix(".txt").read_bytes().decode()}, path
        read += len(texts)

    assert read >= survivors


@pytest.mark.parametrize("share", [0.5, 0.6])
def test_a_grainy_photograph_that_a_first_look_misses_is_read(share: float) -> None:
    picture = grainy(qr_picture(scale=12), share)

    assert zxingcpp.read_barcodes(picture) == []
    assert read_codes(encoded(picture)) == (ReadCode(SENTENCE, "qr"),)


def test_all_codes_on_one_photograph_are_returned_once() -> None:
    texts = ("first", "second", "first")
    pictures = [qr_picture(text) for text in texts]
    sheet = Image.new("L", (sum(each.width for each in pictures), pictures[0].height), 255)
    left = 0
    for each in pictures:
        sheet.paste(each, (left, 0))
        left += each.width

    assert sorted(code.text for code in read_codes(encoded(sheet))) == ["first", "second"]


def test_other_symbologies_are_left_alone() -> None:
    code = zxingcpp.create_barcode("9501101530003", zxingcpp.BarcodeFormat.EAN13)
    painted = memoryview(code.to_image(scale=4))
    picture = Image.frombytes("L", painted.shape[::-1], painted.tobytes())

    assert len(zxingcpp.read_barcodes(picture)) == 1
    assert read_codes(encoded(picture)) == ()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_three_kinds_of_picture_a_telephone_makes_are_read(kind: str) -> None:
    assert read_codes(encoded(qr_picture(), kind)) == (ReadCode(SENTENCE, "qr"),)


def test_a_drawing_on_a_transparent_ground_is_read_as_on_paper() -> None:
    ink = qr_picture()
    clear = Image.new("RGBA", ink.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=ink.point(lambda shade: 255 - shade))

    assert read_codes(encoded(clear)) == (ReadCode(SENTENCE, "qr"),)


def test_a_picture_of_sixteen_bits_a_point_is_read() -> None:
    ink = qr_picture()
    deep = Image.new("I;16", ink.size)
    deep.paste(ink.point(lambda shade: 9_000 + shade * 100, "I").convert("I;16"))

    assert read_codes(encoded(deep)) == (ReadCode(SENTENCE, "qr"),)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_cameras_note_of_how_it_was_held_is_respected(orientation: int) -> None:
    code = zxingcpp.create_barcode("SLP-7K3M2-Q2XA9", zxingcpp.BarcodeFormat.Code128)
    painted = memoryview(code.to_image(scale=3))
    picture = Image.frombytes("L", painted.shape[::-1], painted.tobytes())
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = picture.transpose(undo[orientation]) if orientation in undo else picture
    exif = Image.Exif()
    exif[0x0112] = orientation

    read = read_codes(encoded(stored, "JPEG", exif=exif))

    assert read == (ReadCode("SLP-7K3M2-Q2XA9", "code_128"),)


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG of a hundred bytes whose header promises any number of pixels."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (b"", "not a JPEG, PNG or WebP"),
        (b"SLP-7K3M2-Q2XA9", "not a JPEG, PNG or WebP"),
        (b"%PDF-1.7\n" + bytes(500), "not a JPEG, PNG or WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a JPEG, PNG or WebP"),
        (encoded(qr_picture(), "GIF"), "not a JPEG, PNG or WebP"),
        (encoded(qr_picture(), "TIFF"), "not a JPEG, PNG or WebP"),
        (encoded(qr_picture(), "BMP"), "not a JPEG, PNG or WebP"),
        (encoded(qr_picture())[:200], "damaged"),
        (encoded(qr_picture(), "JPEG")[:700], "damaged"),
        (png_that_claims(7_000, 6_000), "40 million pixels"),
        (png_that_claims(10_000, 10_000), "40 million pixels"),
        (png_that_claims(60_000, 60_000), "40 million pixels"),
        (bytes(LARGEST_BYTES + 1), "12 MB"),
    ],
    ids=range(13),
)
def test_what_is_no_photograph_is_refused_with_the_reason(sent: bytes, sentence: str) -> None:
    with pytest.raises(NotAnImage, match=sentence):
        read_codes(sent)


@given(st.binary(min_size=1, max_size=60), st.integers(0, 400), st.sampled_from(WITH_CODE))
@settings(max_examples=150)
def test_a_damaged_file_is_read_or_refused_and_never_breaks_the_reader(
    damage: bytes, at: int, path: Path
) -> None:
    whole = path.read_bytes()
    damaged = whole[:at] + damage + whole[at + len(damage) :]

    try:
        codes = read_codes(damaged)
    except NotAnImage:
        return
    assert all(isinstance(code, ReadCode) for code in codes)
