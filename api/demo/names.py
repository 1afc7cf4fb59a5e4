"""Goods, firms and people of the demonstration: plausible, made up, and marked as such.

A name is put together from lists of words and always the same for the same seed; it ends with the
word for "sample" in its language, and the tax code of a firm belongs to nobody.
"""

from dataclasses import dataclass
from hashlib import sha256

from customs.intake.sample_csv import nobodys_tax_code

_PLACES_VI = (
    *("Hoàng Liên", "Sông Hồng", "Đỉnh Mây", "Nậm Thi", "Suối Bạc", "Đồi Chè", "Rừng Quế"),
    *("Mường Hoa", "Thác Đá", "Lúa Vàng", "Cầu Mới", "Biên Hòa Bình", "Nắng Sớm"),
)
_TRADES_VI = ("Nông sản", "Xuất nhập khẩu", "Thương mại", "Vận tải", "Hoa quả", "Lâm sản")
_PLACES_ZH = ("山茶", "红河", "石林", "滇南", "金沙", "翠湖", "云岭", "南溪", "彩云", "高原")
_TRADES_ZH = ("进出口", "商贸", "果品", "物流", "农产品", "建材")


_FAMILIES = ("Nguyễn", "Trần", "Lê", "Vàng", "Lò", "Giàng", "Hoàng", "Đỗ", "Sùng", "Phan")
_GIVEN = (
    *("Sương Mai", "Bình Minh", "Hải Đăng", "Thanh Trúc", "Nhật Hạ", "Trường Sơn", "Tường Vi"),
    *("Gia Phong", "Thu Cúc", "Việt Hà", "Bảo Ngân"),
)


@dataclass(frozen=True)
class SampleLoad:
    """A load as it is declared: heading, words, handling, and what a full truck of it weighs."""

    hs_code: str
    description: str
    handling: tuple[str, ...]
    mass_g: int


EXPORTS = (
    SampleLoad("081090", "Thanh long ruột đỏ tươi", ("perishable",), 22_000_000),
    SampleLoad("081060", "Sầu riêng tươi", ("perishable",), 18_000_000),
    SampleLoad("080450", "Xoài cát tươi", ("perishable",), 20_000_000),
    SampleLoad("080390", "Chuối tươi", ("perishable",), 21_000_000),
    SampleLoad("080711", "Dưa hấu tươi", ("perishable",), 24_000_000),
    SampleLoad("030462", "Phi lê cá tra đông lạnh", ("perishable",), 19_000_000),
    SampleLoad("071410", "Sắn lát khô", (), 28_000_000),
    SampleLoad("110814", "Tinh bột sắn", (), 27_000_000),
    SampleLoad("100630", "Gạo trắng", (), 27_000_000),
    SampleLoad("080132", "Hạt điều nhân", (), 15_000_000),
    SampleLoad("090411", "Hạt tiêu đen", (), 14_000_000),
    SampleLoad("440890", "Ván bóc gỗ keo", (), 24_000_000),
    SampleLoad("400122", "Cao su tự nhiên định chuẩn kỹ thuật", (), 25_000_000),
    SampleLoad("640399", "Giày da", (), 9_000_000),
    SampleLoad("280470", "Phốt pho vàng", ("dangerous_goods",), 20_000_000),
)
"""What leaves over this border, by the corridor's own trade; the last goes by the red lane."""


def vietnamese_firm(seed: str) -> tuple[str, str]:
    """Return the name and the tax code of a Vietnamese firm that does not exist."""
    place, trade = _picked(seed, _PLACES_VI, _TRADES_VI)
    name = f"Công ty TNHH {trade} {place} (mẫu)"
    return name, nobodys_tax_code(name)


def person(seed: str) -> str:
    """Return the name of a person who does not exist."""
    return f"{' '.join(_picked(seed, _FAMILIES, _GIVEN))} (mẫu)"


def chinese_firm(seed: str) -> str:
    """Return the name of a Chinese firm that does not exist."""
    place, trade = _picked(seed, _PLACES_ZH, _TRADES_ZH)
    return f"云南{place}{trade}有限公司（样本）"


def _picked(seed: str, *lists: tuple[str, ...]) -> tuple[str, ...]:
    digest = sha256(seed.encode()).digest()
    return tuple(words[digest[n] % len(words)] for n, words in enumerate(lists))
