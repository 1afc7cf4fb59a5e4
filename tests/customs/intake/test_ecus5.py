"""ECUS5 XML: every shape it is seen in, what follows from what, and what is kept."""

import io
from typing import Any

import pytest

from customs.checking import check
from customs.draft import DraftDeclaration, Value
from customs.intake.reader import format_of, read_file
from customs.intake.row import SourceRow

GATE = "KIM_THANH_II"
HEAD = {
    "_DToKhaiMDID": "7",
    "_XorN": "X",
    "SOTK": "300000000017",
    "MA_LH": "B11",
    "MA_DV": "0100112437",
    "_Ten_DV_L1": "Công ty TNHH Sao Mai",
    "DV_DT": "Hekou Trading",
    "NUOC_NK": "CN",
    "NUOC_XK": "NULL",
    "MA_NT": "CNY",
    "TR_LUONG": "19000.5000",
    "TEN_PTVT": "24C-12345",
    "PLUONG": "",
    "MOI_THEM": "chưa biết",
}
GOODS = {
    "STTHANG": "1",
    "MA_HANGKB": "08109092",
    "TEN_HANG": "Thanh long tươi",
    "NUOC_XX": "VN",
    "LUONG": "18.0000",
    "MA_DVT": "TNE",
    "TRIGIA_KB": "45000.50",
    "TS_XNK": "0",
}


def fields(said: dict[str, str]) -> str:
    return "<Data>" + "".join(f"<{name}>{text}</{name}>" for name, text in said.items()) + "</Data>"


def file(head: dict[str, str] = HEAD, *goods: dict[str, str], wrapped: bool = True) -> bytes:
    heads = f"<DToKhaiMD>{fields(head)}</DToKhaiMD>"
    items = "".join(f"<DHangMDDK>{fields(one)}</DHangMDDK>" for one in goods or (GOODS,))
    if wrapped:
        heads, items = f"<DToKhaiMDIDs>{heads}</DToKhaiMDIDs>", f"<DHangMDDKs>{items}</DHangMDDKs>"
    root = "Root" if wrapped else "root"
    app = "<App>ECUS5VNACCS2018</App><Date>28/11/2026</Date>"
    return (
        f'<?xml version="1.0" encoding="utf-8"?>\n<{root}>{app}\n{heads}\n{items}</{root}>'.encode()
    )


def read(raw: bytes) -> list[SourceRow]:
    assert format_of(io.BytesIO(raw)) == "ecus5"
    return list(read_file(io.BytesIO(raw), GATE))


def drafted(row: SourceRow) -> DraftDeclaration:
    assert row.draft is not None
    return row.draft


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_declaration_is_read_whole_and_can_be_lodged(wrapped: bool) -> None:
    [row] = read(file(wrapped=wrapped))
    draft = drafted(row)
    assert (row.errors, row.key, row.line) == ((), "300000000017", 3)
    assert check(draft, gates=[GATE], complete=True).errors == ()
    assert (draft.direction, draft.regime, draft.customs_number) == (
        "export",
        "B11",
        "300000000017",
    )
    assert draft.exporter is not None
    assert draft.importer is not None
    assert (draft.exporter.name, draft.exporter.tax_code, draft.exporter.country) == (
        "Công ty TNHH Sao Mai",
        "0100112437",
        "VN",
    )
    assert (draft.importer.name, draft.importer.country) == ("Hekou Trading", "CN")
    [line] = draft.lines
    assert (line.quantity, line.unit, line.net_mass_g, line.gross_mass_g) == (
        18,
        "TNE",
        18_000_000,
        19_000_500,
    )
    assert line.value == Value(minor=45_000_50, currency="CNY")
    assert [one.field for one in row.restored] == ["lines.0.net_mass_g", "lines.0.gross_mass_g"]


def test_what_is_not_read_is_kept_by_its_name() -> None:
    [row] = read(file())
    assert row.kept is not None
    assert row.kept.fields == {
        "_DToKhaiMDID": "7",
        "TEN_PTVT": "24C-12345",
        "MOI_THEM": "chưa biết",
    }
    assert row.kept.lines == ({"STTHANG": "1", "TS_XNK": "0"},)


def test_goods_may_stand_in_one_element_together() -> None:
    both = f"<DHangMDDK>{fields(GOODS)}{fields(GOODS | {'TEN_HANG': 'Vải'})}</DHangMDDK>".encode()
    raw = file().replace(f"<DHangMDDK>{fields(GOODS)}</DHangMDDK>".encode(), both)
    [row] = read(raw)
    assert [line.description for line in drafted(row).lines] == ["Thanh long tươi", "Vải"]
    # Whose mass the whole of it is, nothing says.
    assert [line.gross_mass_g for line in drafted(row).lines] == [None, None]


def test_several_declarations_share_their_goods_out_by_the_key() -> None:
    second = HEAD | {"_DToKhaiMDID": "8", "SOTK": "100000000017", "_XorN": "NULL", "MA_LH": "A11"}
    raw = file(
        HEAD, GOODS | {"_DToKhaiMDID": "8", "TEN_HANG": "Tỏi"}, GOODS | {"_DToKhaiMDID": "7"}
    )
    raw = raw.replace(
        b"</DToKhaiMD>", f"</DToKhaiMD><DToKhaiMD>{fields(second)}</DToKhaiMD>".encode()
    )
    first, other = read(raw)
    assert [line.description for line in drafted(first).lines] == ["Thanh long tươi"]
    assert (drafted(other).direction, drafted(other).lines[0].description) == ("import", "Tỏi")
    assert drafted(other).importer is not None
    assert "direction" in {one.field for one in other.restored}


@pytest.mark.parametrize(
    ("head", "goods", "expected"),
    [
        ({"_XorN": "", "SOTK": "", "MA_LH": ""}, {}, [("direction", "required", None)]),
        ({}, {"LUONG": "1,5,5"}, [("lines.0.quantity", "not_a_number", "DHangMDDK[1]/LUONG (4)")]),
        (
            {},
            {"TRIGIA_KB": "1.005"},
            [("lines.0.value.minor", "too_many_decimals", "DHangMDDK[1]/TRIGIA_KB (4)")],
        ),
        (
            {"_Ten_DV_L1": "x" * 201},
            {},
            [("exporter.name", "wrong_shape", "DToKhaiMD/_Ten_DV_L1 (3)")],
        ),
    ],
)
def test_what_is_wrong_is_named_by_its_element(
    head: dict[str, str], goods: dict[str, str], expected: list[Any]
) -> None:
    [row] = read(file(HEAD | head, GOODS | goods))
    found = [
        (error.field, error.code, place.cell if (place := row.place(error.field)) else None)
        for error in row.errors
    ]
    assert found == expected
