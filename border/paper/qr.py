"""The modules of a QR code: segno's, by tables made once for each size.

What a text becomes as bits, which size it needs and which level of correction fits is segno's
word. What takes segno most of its time, the correction words and putting each bit into its place,
is the same work for every code of one size: here it is looked up. Not a place for pictures.
source: ISO/IEC 18004.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple

import segno.consts
import segno.encoder

encoder: Any = segno.encoder
consts: Any = segno.consts
"""Its steps and its tables, one by one; they are not typed."""
_MASK = 3
"""Any reader takes any mask; trying all eight for the prettiest takes most of the time."""
_DIGIT = ord("0")
_TO_DIGITS = bytes.maketrans(b"\0\1", b"01")


class _Size(NamedTuple):
    """What codes of one version and one level of correction have in common.

    `places` takes from the message's binary digits, and a zero behind them, what stands in each
    module, row by row; `blank` is then laid over it by XOR: function patterns, mask and format.
    """

    side: int
    bits: int
    places: Callable[[bytes], Iterable[int]]
    blank: int
    blocks: tuple[tuple[int, int], ...]


@lru_cache(maxsize=64)
def qr_modules(text: str) -> tuple[bytes, ...]:
    """Return the rows of the QR code of `text`, a byte for each module, 1 where it is dark.

    At least level M of correction, more where the size has room for it. refuses: segno's
    `DataOverflowError` for what is too long for any code.
    """
    segments = encoder.prepare_data(text, None, None)
    version = encoder.find_version(segments, consts.ERROR_LEVEL_M, eci=False, micro=False)
    level = encoder.boost_error_level(version, consts.ERROR_LEVEL_M, segments, False)
    bits = encoder.Buffer()
    for segment in segments:
        encoder.write_segment(bits, segment, None, encoder.version_range(version))
    capacity = consts.SYMBOL_CAPACITY[version][level]
    encoder.write_terminator(bits, capacity, None, len(bits))
    encoder.write_padding_bits(bits, version, len(bits))
    encoder.write_pad_codewords(bits, version, capacity, len(bits))

    size = _size(version, level)
    words = int(bits.getbits().translate(_TO_DIGITS), 2) >> max(0, len(bits) - capacity)
    message = _with_correction(words.to_bytes(capacity // 8), size.blocks)
    digits = f"{int.from_bytes(message):0{len(message) * 8}b}".ljust(size.bits + 1, "0").encode()
    modules = (int.from_bytes(bytes(size.places(digits))) ^ size.blank).to_bytes(size.side**2)
    return tuple(modules[at : at + size.side] for at in range(0, len(modules), size.side))


def _with_correction(words: bytes, blocks: tuple[tuple[int, int], ...]) -> bytes:
    """Return the words of all blocks in turn, then their correction words in turn."""
    data, correction, at = [], [], 0
    for length, extra in blocks:
        data.append(words[at : at + length])
        correction.append(_correction(data[-1], extra))
        at += length
    return _in_turn(data) + _in_turn(correction)


def _correction(block: bytes, count: int) -> bytes:
    """Return the remainder of the block by the generator polynomial of `count` terms."""
    table, top, kept = _multiples(count), 8 * (count - 1), (1 << 8 * count) - 1
    rest = 0
    for word in block:
        rest = (rest << 8 & kept) ^ table[word ^ rest >> top]
    return rest.to_bytes(count)


def _in_turn(blocks: list[bytes]) -> bytes:
    """Return the first of each block, then the second of each; the longer ones end last."""
    shortest, longest = len(blocks[0]), len(blocks[-1])
    taken = bytearray(shortest * len(blocks))
    for place, block in enumerate(blocks):
        taken[place :: len(blocks)] = block[:shortest]
    return bytes(taken) + b"".join(block[shortest:] for block in blocks if longest > shortest)


@lru_cache
def _multiples(count: int) -> tuple[int, ...]:
    """Return every multiple of the generator polynomial of `count` terms, as one number each."""
    terms, powers, logs = consts.GEN_POLY[count], consts.GALIOS_EXP, consts.GALIOS_LOG
    multiples = (bytes(powers[(logs[n] + term) % 255] for term in terms) for n in range(1, 256))
    return (0, *map(int.from_bytes, multiples))


@lru_cache
def _size(version: int, level: int) -> _Size:
    """Return the tables of one size, read off codes that segno draws."""
    blocks = tuple(
        (block.num_data, block.num_total - block.num_data)
        for block in consts.ECC[version][level]
        for _ in range(block.num_blocks)
    )
    side = encoder.calc_matrix_size(version)
    free = b"".join(_patterns(side)).count(2)
    # A byte says where a bit went, in two codes: one with the low part of its place, one the high.
    low, high = _patterns(side), _patterns(side)
    encoder.add_codewords(low, bytes(n & 0xFF for n in range(free)), version)
    encoder.add_codewords(high, bytes(n >> 8 for n in range(free)), version)
    fixed, blank = _patterns(side), _patterns(side)
    encoder.add_codewords(blank, bytes(free), version)
    _, blank = encoder.find_and_apply_best_mask(blank, side, side, _MASK)
    encoder.add_format_info(blank, version, level, _MASK)
    encoder.add_version_info(blank, version)
    places = (
        first | second << 8 if kept == 2 else free
        for kept, first, second in zip(*map(b"".join, (fixed, low, high)), strict=True)
    )
    return _Size(
        side,
        free,
        itemgetter(*places),
        int.from_bytes(bytes(_DIGIT ^ module for module in b"".join(blank))),
        blocks,
    )


def _patterns(side: int) -> tuple[bytearray, ...]:
    """Return a code of which only the patterns stand; 2 where a bit of the message goes."""
    modules: tuple[bytearray, ...] = encoder.make_matrix(side, side)
    encoder.add_finder_patterns(modules, side, side)
    encoder.add_alignment_patterns(modules, side, side)
    return modules
