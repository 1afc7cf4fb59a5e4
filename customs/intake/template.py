"""The table people fill in: its columns, what each is called, and what is written into it. Pure.

A row is one kind of goods. Rows of one declaration stand one under the other: they carry the same
`declaration` or customs number, or leave all that the first row says of the declaration empty.
A heading is known by its name in any of the three languages, so that a table goes on working when
the page's language changes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from border.core.words import N_
from border.files.csv_rows import folded


@dataclass(frozen=True)
class TemplateColumn:
    """A column: its name, its headings in vi, zh and en, what is written into it, an example."""

    name: str
    vi: str
    zh: str
    en: str
    says: str
    example: str = ""
    others: tuple[str, ...] = ()

    def heading(self, locale: str) -> str:
        """Return the heading in a language."""
        return {"vi": self.vi, "zh": self.zh}.get(locale[:2], self.en)


_TWO_LETTERS = N_("Country in two letters, such as VN, CN or TH.")
_TAX_CODE = N_("Tax code; a Vietnamese one has 10 digits, 13 for a branch, a Chinese one 18.")
OF_DECLARATION = (
    TemplateColumn(
        "declaration",
        "Tờ khai",
        "申报单",
        "Declaration",
        N_("Any mark of yours: rows with the same mark are one declaration. May stay empty."),
        "1",
        ("STT tờ khai",),
    ),
    TemplateColumn(
        "customs_number",
        "Số tờ khai hải quan",
        "报关单号",
        "Customs number",
        N_("The twelve digits of the customs declaration: an import begins with 10, an export 30."),
        "300000000017",
        ("Số tờ khai", "SOTK"),
    ),
    TemplateColumn(
        "direction",
        "Chiều",
        "进出口",
        "Direction",
        N_("export, import or transit. May stay empty where the customs number or type tells it."),
        "export",
        ("Xuất/Nhập", "Hướng"),
    ),
    TemplateColumn(
        "regime",
        "Mã loại hình",
        "申报类型",
        "Declaration type",
        N_("Declaration type of VNACCS, such as B11 or A11; none for transit."),
        "B11",
        ("Loại hình", "MA_LH", "Regime"),
    ),
    TemplateColumn(
        "gate",
        "Cửa khẩu",
        "口岸",
        "Gate",
        N_("Code of the gate. May stay empty: then it is the one chosen with the file."),
    ),
    TemplateColumn(
        "exporter_name",
        "Người xuất khẩu",
        "出口商",
        "Exporter",
        N_("Name of the firm that sells."),
        "Công ty TNHH Sao Mai",
        ("Tên người xuất khẩu",),
    ),
    TemplateColumn(
        "exporter_tax_code",
        "Mã số thuế người xuất khẩu",
        "出口商税号",
        "Exporter tax code",
        _TAX_CODE,
        "0100112437",
        ("MST người xuất khẩu",),
    ),
    TemplateColumn(
        "exporter_country", "Nước xuất khẩu", "出口国", "Exporter country", _TWO_LETTERS, "VN"
    ),
    TemplateColumn(
        "importer_name",
        "Người nhập khẩu",
        "进口商",
        "Importer",
        N_("Name of the firm that buys."),
        "河口贸易有限公司",
        ("Tên người nhập khẩu",),
    ),
    TemplateColumn(
        "importer_tax_code",
        "Mã số thuế người nhập khẩu",
        "进口商税号",
        "Importer tax code",
        _TAX_CODE,
        "",
        ("MST người nhập khẩu",),
    ),
    TemplateColumn(
        "importer_country", "Nước nhập khẩu", "进口国", "Importer country", _TWO_LETTERS, "CN"
    ),
    TemplateColumn(
        "carrier_tax_code",
        "Mã số thuế bên vận chuyển",
        "承运人税号",
        "Carrier tax code",
        N_("Tax code of a carrier that is registered here, who may then book. May stay empty."),
        "",
        ("MST vận chuyển",),
    ),
    TemplateColumn(
        "containers",
        "Số container",
        "集装箱号",
        "Containers",
        N_("Container numbers, separated by blanks. May stay empty."),
        "",
        ("Container",),
    ),
    TemplateColumn(
        "handling",
        "Yêu cầu đặc biệt",
        "特殊要求",
        "Handling",
        N_("perishable, live_animals, dangerous_goods, oversize; separated by blanks."),
        "perishable",
    ),
    TemplateColumn(
        "certificates",
        "Giấy chứng nhận",
        "证书",
        "Certificates",
        N_("Numbers of certificates, separated by semicolons. May stay empty."),
        "",
        ("Chứng từ",),
    ),
)
OF_GOODS = (
    TemplateColumn(
        "hs_code",
        "Mã HS",
        "商品编码",
        "HS code",
        N_("Six or eight digits of the tariff, zero in front included."),
        "08109092",
        ("MA_HANGKB", "Mã hàng", "HS"),
    ),
    TemplateColumn(
        "description",
        "Tên hàng",
        "商品名称",
        "Description",
        N_("What the goods are, in any language."),
        "Thanh long tươi",
        ("Mô tả hàng hóa", "TEN_HANG", "Goods"),
    ),
    TemplateColumn(
        "origin",
        "Xuất xứ",
        "原产国",
        "Origin",
        _TWO_LETTERS,
        "VN",
        ("Nước xuất xứ", "NUOC_XX", "Country of origin"),
    ),
    TemplateColumn(
        "quantity",
        "Số lượng",
        "数量",
        "Quantity",
        N_("How much, in the unit of the next column; at most three decimals."),
        "18000",
        ("Lượng", "LUONG"),
    ),
    TemplateColumn(
        "unit",
        "Đơn vị tính",
        "单位",
        "Unit",
        N_("Unit of Recommendation 20, such as KGM, TNE or H87."),
        "KGM",
        ("ĐVT", "MA_DVT"),
    ),
    TemplateColumn(
        "gross_mass_kg",
        "Trọng lượng cả bì (kg)",
        "毛重（公斤）",
        "Gross mass (kg)",
        N_("Kilograms with packaging; at most three decimals."),
        "19000",
        ("Trọng lượng cả bì", "Gross weight", "毛重"),
    ),
    TemplateColumn(
        "net_mass_kg",
        "Trọng lượng tịnh (kg)",
        "净重（公斤）",
        "Net mass (kg)",
        N_("Kilograms without packaging; at most three decimals."),
        "18000",
        ("Trọng lượng tịnh", "Net weight", "净重"),
    ),
    TemplateColumn(
        "value",
        "Trị giá",
        "货值",
        "Value",
        N_("Value of these goods in the currency of the next column."),
        "450000000",
        ("Trị giá khai báo", "TRIGIA_KB", "金额"),
    ),
    TemplateColumn(
        "currency",
        "Nguyên tệ",
        "币种",
        "Currency",
        N_("VND, CNY or USD."),
        "VND",
        ("Loại tiền", "MA_NT"),
    ),
)
COLUMNS = (*OF_DECLARATION, *OF_GOODS)
NAMES_OF_DECLARATION = frozenset(column.name for column in OF_DECLARATION)
NEEDED = ("hs_code", "description")
"""Without these columns a table is none of declarations; every other may be missing."""

_NAMES: Mapping[str, str] = {
    folded(said): column.name
    for column in COLUMNS
    for said in (column.name, column.vi, column.zh, column.en, *column.others)
}


def name_of(heading: str) -> str | None:
    """Return the column that a heading names, if it names one; a star behind it does not count."""
    return _NAMES.get(folded(heading.strip().rstrip("*")))


def known_headings(cells: Sequence[str]) -> int:
    """Return how many of some cells are headings of the table."""
    return len({name for cell in cells if (name := name_of(cell))})
