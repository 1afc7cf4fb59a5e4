"""WCO Data Model 3.6 in and out: nothing is lost, what is not read is told, hostile files end."""

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from border.core.refusal import Refusal
from border.files.safe_xml import Element
from customs.checking import check
from customs.draft import Certificate, DraftDeclaration, GoodsLine, Party, Value
from customs.intake.reader import format_of, read_file
from customs.intake.row import KeptOfFile, SourceRow
from customs.intake.wco_schema import faults, tag
from customs.intake.wco_written import write_wco

SAMPLES = Path(__file__).parent / "wco_samples"
GATE = "KIM_THANH_II"
CHANGES = ["TT_EX010a_Cancellation.xml", "TT_IM005b_Amendment.xml"]
DECLARATIONS = sorted({path.name for path in SAMPLES.glob("*.xml")}.difference(CHANGES))


def read(raw: bytes) -> list[SourceRow]:
    return list(read_file(io.BytesIO(raw), GATE))


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def plain(raw: bytes) -> bytes:
    """Return a document in its canonical form, comments included."""
    return etree.tostring(etree.fromstring(raw), method="c14n")  # type: ignore[no-any-return]


def inner(raw: bytes) -> Element:
    root = etree.fromstring(raw)
    return root if root.tag == tag("Declaration") else root.find(tag("Declaration"))


def drafted(row: SourceRow) -> DraftDeclaration:
    assert row.draft is not None
    return row.draft


def test_all_samples_are_looked_at() -> None:
    assert len(DECLARATIONS) == 6


@pytest.mark.parametrize("name", DECLARATIONS)
def test_a_sample_goes_in_and_comes_out_as_it_was(name: str) -> None:
    raw = sample(name)
    assert format_of(io.BytesIO(raw)) == "wco"
    [row] = read(raw)
    assert row.errors == ()
    checked = check(drafted(row), gates=[GATE])
    assert checked.errors == ()
    assert plain(write_wco(checked.draft, "DEC-1", row.kept)) == plain(raw)


@pytest.mark.parametrize("name", DECLARATIONS)
def test_what_was_changed_is_written_and_all_else_stays(name: str) -> None:
    [row] = read(sample(name))
    draft = drafted(row)
    lines = [draft.lines[0].model_copy(update={"description": "Chè xanh", "gross_mass_g": 91_500})]
    changed = draft.model_copy(update={"lines": [*lines, *draft.lines[1:]]})
    out = write_wco(changed, "DEC-1", row.kept)
    assert faults(inner(out)) == ()
    [again] = read(out)
    assert again.draft == changed
    before, after = (
        [(one.tag, (one.text or "").strip()) for one in inner(raw).iter()]
        for raw in (sample(name), out)
    )
    gone = [one for one in before if one not in after]
    assert {name.rpartition("}")[2] for name, _ in gone if isinstance(name, str)} <= {
        "Description",
        "GrossMassMeasure",
    }


def test_what_is_not_read_is_told_with_its_path() -> None:
    [row] = read(sample("Step1_TT_EX028a.xml"))
    item = "Declaration/GoodsShipment/GovernmentAgencyGoodsItem[1]"
    assert [(one.cell, one.was) for one in row.unread] == [
        (f"{item}/StatisticalValueAmount", "200 GBP"),
        (f"{item}/GovernmentProcedure/CurrentCode", "10"),
        ("Declaration/GoodsShipment/Consignment/TransportEquipment/ID", "DHAU9384333"),
    ]
    [six] = row.restored
    assert (six.was, six.now) == ("44185000", "441850")
    assert drafted(row).declarant == Party(tax_code="GB427168118378", country="GB")


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_a_declaration_is_none(name: str) -> None:
    [row] = read(sample(name))
    assert [error.code for error in row.errors] == ["not_a_declaration"]
    assert row.place("function").cell == "Declaration/FunctionCode"  # type: ignore[union-attr]


def test_what_the_schema_does_not_allow_is_named_by_its_path() -> None:
    raw = sample("TT_EX001a.xml").replace(
        b"<GoodsShipment>", b"<Weight>7</Weight><GoodsShipment>", 1
    )
    [row] = read(raw)
    assert [error.code for error in row.errors] == ["not_in_schema"]
    place = row.place(row.errors[0].field)
    assert place is not None
    assert place.cell.endswith("Weight")
    assert "Weight" in row.errors[0].detail()


OURS = DraftDeclaration(
    customs_number="300000000017",
    regime="B11",
    direction="export",
    gate=GATE,
    declarant="Nguyễn Thị Lan",
    exporter=Party(name="Công ty TNHH " + "Sao Mai " * 10, tax_code="0100112437", country="VN"),
    importer=Party(name="河口贸易有限公司", tax_code="91532532MA6K1C2X3Y", country="CN"),
    carrier_tax_code="0100112437",
    lines=[
        GoodsLine(
            hs_code="08109092",
            description="Thanh long\n" + "ruột đỏ " * 90,
            origin="VN",
            quantity="18000.125",
            unit="KGM",
            gross_mass_g=19_000_001,
            net_mass_g=18_000_125,
            value=Value(minor=45_000_00, currency="CNY"),
        ),
        GoodsLine(description="Vải"),
    ],
    handling=["perishable"],
    certificates=[Certificate(number="KDTV-7", kind="plant"), "C/O 12"],
    containers=["CSQU3054383"],
)


def test_a_declaration_of_ours_is_written_within_the_schema_and_read_back_whole() -> None:
    out = write_wco(OURS, "DEC-1")
    assert faults(inner(out)) == ()
    [row] = read(out)
    assert (row.draft, row.errors, row.key) == (OURS, (), "300000000017")
    assert write_wco(OURS, "DEC-1", row.kept) == out


TEXT = st.text(st.characters(min_codepoint=32, exclude_categories=("Cs", "Cn", "Co", "Cc"))).filter(
    str.strip
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    name=TEXT.map(lambda one: one[:200]),
    said=st.text('abc \n\tđ"<&', min_size=1, max_size=1000).filter(str.strip),
    grams=st.integers(1, 10**12),
    minor=st.integers(1, 10**15),
    currency=st.sampled_from(["VND", "CNY", "USD"]),
    containers=st.lists(st.sampled_from(["CSQU3054383", "MSKU0000001"]), unique=True),
    lines=st.integers(0, 3),
)
def test_whatever_a_declaration_says_comes_back(
    name: str, said: str, grams: int, minor: int, currency: str, containers: list[str], lines: int
) -> None:
    line = GoodsLine(
        description=said, net_mass_g=grams, value=Value(minor=minor, currency=currency)
    )
    draft = DraftDeclaration(
        direction="import",
        gate=GATE,
        importer=Party(name=name, country="VN"),
        lines=[line] * lines,
        containers=containers,
    )
    out = write_wco(draft, "DEC-1")
    assert faults(inner(out)) == ()
    [row] = read(out)
    assert row.draft == draft
    [again] = read(write_wco(OURS, "DEC-1", row.kept))
    assert again.draft == OURS


def test_what_another_format_said_besides_is_given_back() -> None:
    kept = KeptOfFile(
        "ecus5", fields={"SO_HDTM": "HD-7", "TEN_PTVT": "24C-1" * 200}, lines=({"TS_XNK": "5"},)
    )
    out = write_wco(OURS, "DEC-1", kept)
    assert faults(inner(out)) == ()
    said = {
        (one.getparent().tag.rpartition("}")[2], one.findtext(tag("StatementCode")))
        for one in inner(out).iter(tag("AdditionalInformation"))
    }
    assert {("Declaration", "SO_HDTM"), ("GovernmentAgencyGoodsItem", "TS_XNK")} <= said
    assert "24C-1" * 100 in out.decode()


def test_several_declarations_in_one_document_are_kept_apart() -> None:
    root = etree.fromstring(sample("TT_EX001a.xml"))
    root.append(inner(sample("TT_IM005b.xml")))
    first, second = read(etree.tostring(root))
    assert [drafted(row).direction for row in (first, second)] == ["export", "import"]
    assert second.kept is not None
    assert second.kept.document.count("<FunctionCode>") == 1


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"<MetaData><Response/></MetaData>", "no_declaration"),
        (b"<Root><Other/></Root>", "no_declaration"),
        (b"<html/>", "unknown_format"),
        (b'<?xml version="1.0"?><!DOCTYPE MetaData [<!ENTITY a "b">]><MetaData/>', "document_type"),
        (b"<MetaData>" + b"<a>" * 50 + b"</a>" * 50 + b"</MetaData>", "too_deep"),
        (b"<MetaData><Declaration>", "not_xml"),
    ],
)
def test_a_file_without_a_declaration_or_with_harm_is_refused(raw: bytes, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(raw)
    assert [error.code for error in refused.value.errors] == [code]


@pytest.mark.parametrize("name", DECLARATIONS[:2])
def test_a_document_cut_anywhere_is_refused(name: str) -> None:
    raw = sample(name)
    for at in range(0, len(raw) - 12, 397):
        with pytest.raises(Refusal):
            read(raw[:at] or b"<")
