"""Reads the bar codes and QR codes in a photograph: for a gate whose hand scanner is broken.

Code 128 is what our slips and the customs lists carry, Code 39 what printed customs declarations
carry, QR what our slips carry. Not a judge of what is read: a text may be a token, a reference, a
customs number or somebody's web address. A wrong text is worse than none, so nothing is guessed.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

import zxingcpp
from PIL import Image, ImageOps
from zxingcpp import BarcodeFormat, BarcodeFormats, Binarizer

LARGEST_BYTES = 12_000_000
LARGEST_PIXELS = 40_000_000
_COMFORTABLE = 2_000
"""Pixels on the longer side: a slip that fills a tenth of such a picture is still readable."""

CodeFormat = Literal["code_128", "code_39", "qr"]

_SMALLEST = 40
"""Pixels on the shorter side: two for each module of the smallest QR code, which has 21."""
_LOOKED_FOR = BarcodeFormats(
    [BarcodeFormat.Code128, BarcodeFormat.Code39, BarcodeFormat.QRCodeModel2]
)
_NAMED: dict[BarcodeFormat, CodeFormat] = {
    BarcodeFormat.Code128: "code_128",
    BarcodeFormat.Code39: "code_39",
    BarcodeFormat.Code39Ext: "code_39",
    BarcodeFormat.Code32: "code_39",
    BarcodeFormat.PZN: "code_39",
    BarcodeFormat.QRCode: "qr",
    BarcodeFormat.QRCodeModel2: "qr",
}
"""How the reader names what it found; Code 39 has dialects that spell the same bars differently."""
_TOO_MANY_PIXELS = "The picture has more than 40 million pixels; send a smaller one."


class NotAnImage(ValueError):
    """What was sent is not a photograph that can be looked at; the message says why."""


@dataclass(frozen=True)
class ReadCode:
    """One code found in a photograph: its text and how it was written."""

    text: str
    format: CodeFormat


def read_codes(image: bytes) -> tuple[ReadCode, ...]:
    """Return the codes in a JPEG, PNG or WebP photograph, none if none is legible.

    Takes up to a few seconds for a large picture without codes: call it from a thread.
    refuses: `NotAnImage` for anything else, above 12 MB, or above 40 million pixels.
    """
    grey = _grey(image)
    for attempt, binarizer in _attempts(grey):
        found = zxingcpp.read_barcodes(attempt, formats=_LOOKED_FOR, binarizer=binarizer)
        codes = tuple(
            ReadCode(code.text, _NAMED[code.format]) for code in found if code.format in _NAMED
        )
        if codes:
            return tuple(dict.fromkeys(codes))
    return ()


def _attempts(grey: Image.Image) -> Iterator[tuple[Image.Image, Binarizer]]:
    """Yield the picture in the ways worth trying, the likeliest first.

    A poor photograph that defeats the local threshold may yield to one threshold for the whole
    picture, and a blurred or noisy one to being made smaller.
    source: the maintainer's advice in zxing-cpp issues 126, 558 and 809.
    """
    comfortable = _at_most(grey, _COMFORTABLE)
    yield comfortable, Binarizer.LocalAverage
    if comfortable is not grey:
        yield grey, Binarizer.LocalAverage
    yield comfortable, Binarizer.GlobalHistogram
    yield ImageOps.autocontrast(comfortable), Binarizer.FixedThreshold
    for share in (2, 3, 4):
        smaller = _at_most(comfortable, max(comfortable.size) // share)
        if min(smaller.size) >= _SMALLEST:
            yield smaller, Binarizer.LocalAverage
            yield smaller, Binarizer.GlobalHistogram


def _at_most(grey: Image.Image, side: int) -> Image.Image:
    """Return the picture with no side longer than `side`; itself if it is small enough."""
    longest = max(grey.size)
    if longest <= side:
        return grey
    width, height = (max(1, length * side // longest) for length in grey.size)
    return grey.resize((width, height), Image.Resampling.LANCZOS)


def _grey(image: bytes) -> Image.Image:
    """Return the photograph upright, in shades of grey, transparent parts white."""
    if len(image) > LARGEST_BYTES:
        raise NotAnImage("The picture is larger than 12 MB; send a smaller one.")
    try:
        with Image.open(BytesIO(image), formats=("JPEG", "PNG", "WEBP")) as opened:
            if opened.width * opened.height <= LARGEST_PIXELS:
                return _flattened(ImageOps.exif_transpose(opened))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise NotAnImage(_TOO_MANY_PIXELS) from None
    except (OSError, SyntaxError, ValueError, EOFError, struct.error):
        raise NotAnImage("This is not a JPEG, PNG or WebP picture, or it is damaged.") from None
    raise NotAnImage(_TOO_MANY_PIXELS)


def _flattened(picture: Image.Image) -> Image.Image:
    """Return the picture in shades of grey, as it would look on white paper."""
    if picture.mode.startswith("I"):  # sixteen bits a pixel; converting would cut, not scale
        return picture.point(lambda value: value / 256).convert("L")
    if picture.has_transparency_data:
        coloured = picture.convert("RGBA")
        paper = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(paper, coloured).convert("L")
    return picture.convert("L")
