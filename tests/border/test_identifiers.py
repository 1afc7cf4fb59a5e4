"""Identifiers of others are brought to one form, or refused with what is wrong and the way out."""

import re
from collections.abc import Callable, Iterator

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from stdnum import iso6346
from stdnum.cn import uscc
from stdnum.vn import mst

from border.core.refusal import FieldError
from border.identifiers import (
    IdentifierError,
    container_number,
    customs_number,
    phone,
    tax_code,
    tax_code_of_either_side,
)
from border.plates import plate, trailer_plate, vehicle_plate, written

DIGITS = "0123456789"


def _changed(number: str, at: int, to: str) -> str:
    """Return `number` with one character changed; an example that changes nothing is dropped."""
    assume(number[at] != to)
    return number[:at] + to + number[at + 1 :]


@st.composite
def vietnamese_tax_codes(draw: st.DrawFn) -> str:
    body = f"{draw(st.integers(0, 99)):02d}{draw(st.integers(1, 9_999_999)):07d}"
    check = mst.calc_check_digit(body)
    assume(len(check) == 1)
    return body + check


@st.composite
def social_credit_codes(draw: st.DrawFn) -> str:
    body = draw(st.from_regex(r"[0-9]{8}[0-9A-HJ-NPQRTUWXY]{9}", fullmatch=True))
    return body + uscc.calc_check_digit(body)


@st.composite
def container_numbers(draw: st.DrawFn) -> str:
    body = draw(st.from_regex(r"[A-Z]{3}[UJZR][0-9]{6}", fullmatch=True))
    return body + iso6346.calc_check_digit(body)


# --- tax codes


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("0100233488", "0100233488"),
        (" 01.00.23-34 88 ", "0100233488"),
        ("0314409058-002", "0314409058002"),
        ("０１００２３３４８８", "0100233488"),
        ("025090001234", "025090001234"),
    ],
)
def test_a_vietnamese_tax_code_is_brought_to_digits(typed: str, canonical: str) -> None:
    assert tax_code(typed) == canonical


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("12345", "tax_code_length"),
        ("", "tax_code_format"),
        ("01002334A8", "tax_code_format"),
        ("0100000000", "tax_code_format"),
        ("0314409058-000", "tax_code_format"),
        ("0100233480", "tax_code_check_digit"),
    ],
)
def test_a_wrong_vietnamese_tax_code_is_refused_by_name(typed: str, code: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        tax_code(typed)
    assert refused.value.code == code


def test_a_wrong_check_digit_says_what_it_would_have_to_be() -> None:
    with pytest.raises(IdentifierError, match=r"is 0 but would be 8") as refused:
        tax_code("0100233480")
    assert dict(refused.value.facts) == {"place": "10", "given": "0", "expected": "8"}


def test_nine_digits_that_no_check_digit_fits_are_said_to_be_misread() -> None:
    body = next(
        text for text in (f"01{n:07d}" for n in range(1, 99)) if len(mst.calc_check_digit(text)) > 1
    )
    with pytest.raises(IdentifierError, match=f"begins with {body}"):
        tax_code(body + "1")


@given(vietnamese_tax_codes(), st.integers(0, 9), st.sampled_from(DIGITS))
def test_one_wrong_digit_of_a_vietnamese_tax_code_never_passes(
    number: str, at: int, to: str
) -> None:
    assert tax_code(number) == number
    with pytest.raises(IdentifierError):
        tax_code(_changed(number, at, to))


@given(vietnamese_tax_codes(), st.integers(0, 8))
def test_two_digits_changed_about_in_a_vietnamese_tax_code_never_pass(number: str, at: int) -> None:
    assume(number[at] != number[at + 1])
    swapped = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    with pytest.raises(IdentifierError):
        tax_code(swapped)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("91110000600037341", "tax_code_length"),
        ("A1110000600037341L", "tax_code_format"),
        ("9111000060003734IL", "tax_code_format"),
        ("91110000600037341M", "tax_code_check_digit"),
    ],
)
def test_a_wrong_social_credit_code_is_refused_by_name(typed: str, code: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        tax_code(typed, "CN")
    assert refused.value.code == code


def test_a_social_credit_code_is_brought_to_capitals() -> None:
    assert tax_code("9111 0000-600037341l", "CN") == "91110000600037341L"


@example("411015810411015810", 0, "0")  # the city of this beginning names no county
@given(
    social_credit_codes(), st.integers(0, 17), st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY")
)
def test_one_wrong_character_of_a_social_credit_code_never_passes(
    number: str, at: int, to: str
) -> None:
    assert tax_code(number, "CN") == number
    with pytest.raises(IdentifierError):
        tax_code(_changed(number, at, to), "CN")


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("110105 19491231 002x", "11010519491231002X"),
        ("530102198001010017", None),
        ("530102199002300018", None),
    ],
)
def test_a_natural_person_in_china_is_known_by_the_identity_number(
    typed: str, canonical: str | None
) -> None:
    if canonical is None:
        with pytest.raises(IdentifierError):
            tax_code(typed, "CN")
    else:
        assert tax_code(typed, "CN") == canonical


def test_a_persons_wrong_check_digit_says_what_it_would_have_to_be() -> None:
    with pytest.raises(IdentifierError, match=r"Character 18.*is 1 but would be X"):
        tax_code("110105194912310021", "CN")


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("9111.0000-6000.37341L", "91110000600037341L"),
        ("91110000600037341l", "91110000600037341L"),
        ("01.00233488", "0100233488"),
        ("0314409058-002", "0314409058002"),
    ],
)
def test_a_code_of_either_side_is_judged_by_its_own_countrys_rules(
    typed: str, canonical: str
) -> None:
    assert tax_code_of_either_side(typed) == canonical


def test_of_another_countrys_tax_code_only_the_characters_are_looked_at() -> None:
    assert tax_code("0-1055-36000-27-1", "TH") == "0105536000271"
    with pytest.raises(IdentifierError):
        tax_code("?", "LA")


# --- containers


@pytest.mark.parametrize("typed", ["CSQU3054383", "csqu 305438-3", "ＣＳＱＵ３０５４３８３"])
def test_a_container_number_is_brought_to_one_form(typed: str) -> None:
    assert container_number(typed) == "CSQU3054383"


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("CSQU3054384", "container_check_digit"),
        ("CSQU305438", "container_length"),
        ("CSQU3054Z83", "container_format"),
        ("CSQA3054383", "container_format"),
        ("1SQU3054383", "container_format"),
    ],
)
def test_a_wrong_container_number_is_refused_by_name(typed: str, code: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        container_number(typed)
    assert refused.value.code == code


@given(container_numbers(), st.integers(4, 10), st.sampled_from(DIGITS))
def test_one_wrong_digit_of_a_container_number_never_passes(number: str, at: int, to: str) -> None:
    # ISO 6346 writes the remainder 10 as 0, so a 0 at the end may stand for two remainders.
    assume(number[-1] != "0" or at == len(number) - 1)
    assert container_number(number) == number
    with pytest.raises(IdentifierError):
        container_number(_changed(number, at, to))


# --- plates


@pytest.mark.parametrize(
    ("typed", "country", "normalised", "trailer"),
    [
        ("24C-123.45", "VN", "24C12345", False),
        ("24c 12345", "VN", "24C12345", False),
        ("24C-1234", "VN", "24C1234", False),
        ("24R-012.34", "VN", "24R01234", True),
        ("29LD-123.45", "VN", "29LD12345", False),
        ("21H–045.67", "VN", "21H04567", False),
        ("云G·12345", "CN", "云G12345", False),
        ("云ｇ A1B2C", "CN", "云GA1B2C", False),
        ("云G1234挂", "CN", "云G1234挂", True),
        ("云GD12345", "CN", "云GD12345", False),
        ("云G12345D", "CN", "云G12345D", False),
        ("粤Z·1234港", "CN", "粤Z1234港", False),
        ("粤Z·1234澳", "CN", "粤Z1234澳", False),
        ("云G·1234警", "CN", "云G1234警", False),
        ("云G·1234临", "CN", "云G1234临", False),
        ("云G·临12345", "CN", "云G临12345", False),
        ("T24-12345", "VN", "T2412345", False),
        ("TM-12-34", "VN", "TM1234", False),
        ("RM-12-34", "VN", "RM1234", False),
        ("80-011-NG-01", "VN", "80011NG01", False),
    ],
)
def test_a_plate_is_kept_as_typed_and_as_compared(
    typed: str, country: str, normalised: str, trailer: bool
) -> None:
    read = plate(typed, country)
    assert (read.typed, read.normalised, read.country) == (typed, normalised, country)
    assert read.is_trailer is trailer


@pytest.mark.parametrize(
    ("typed", "country", "code"),
    [
        ("", "VN", "plate_format"),
        ("04C-123.45", "VN", "plate_format"),
        ("24-123.45", "VN", "plate_format"),
        ("24C-123", "VN", "plate_format"),
        ("24C-123.456", "VN", "plate_format"),
        ("24CAB-123.45", "VN", "plate_format"),
        ("24C-12O.45", "VN", "plate_format"),
        ("云G1234", "CN", "plate_format"),
        ("云G123456", "CN", "plate_format"),
        ("云GO1234", "CN", "plate_format"),
        ("云I12345", "CN", "plate_format"),
        ("云G12345挂", "CN", "plate_format"),
        ("龙G12345", "CN", "plate_format"),
        ("云G12345", "VN", "plate_country"),
        ("24C-123.45", "CN", "plate_country"),
        ("ກຂ 1234", "LA", "plate_country"),
    ],
)
def test_a_wrong_plate_is_refused_by_name(typed: str, country: str, code: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        plate(typed, country)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "country", "found"),
    [
        ("24R-012.34", "VN", "VN"),
        ("24R-012.34", "CN", "VN"),
        ("云G1234挂", "CN", "CN"),
        ("云G1234挂", "VN", "CN"),
    ],
)
def test_a_trailer_may_come_from_the_other_country(typed: str, country: str, found: str) -> None:
    assert trailer_plate(typed, country).country == found


@pytest.mark.parametrize(
    ("typed", "country", "read", "code"),
    [
        ("24R-012.34", "VN", vehicle_plate, "plate_of_trailer"),
        ("云G1234挂", "CN", vehicle_plate, "plate_of_trailer"),
        ("24C-123.45", "VN", trailer_plate, "plate_of_vehicle"),
        ("云G12345", "VN", trailer_plate, "plate_of_vehicle"),
        ("24R", "VN", trailer_plate, "plate_format"),
    ],
)
def test_one_plate_is_never_both_a_truck_and_a_trailer(
    typed: str, country: str, read: Callable[[str, str], object], code: str
) -> None:
    with pytest.raises(IdentifierError) as refused:
        read(typed, country)
    assert refused.value.code == code


def test_a_plate_of_the_other_country_says_which_country_to_set() -> None:
    with pytest.raises(IdentifierError, match="Set the country to CN"):
        plate("云G12345", "VN")


@given(
    st.from_regex(r"[1-9][0-9][A-Z]{1,2}[0-9]{5}", fullmatch=True),
    st.lists(st.sampled_from([" ", ".", "-", "·", "\u00a0"]), min_size=9, max_size=9),
)
def test_separators_never_make_another_vehicle(bare: str, separators: list[str]) -> None:
    spaced = "".join(a + b for a, b in zip(bare, separators, strict=False))
    assert plate(spaced + bare[len(separators) :], "VN").normalised == bare


# --- customs numbers, phones, countries


@pytest.mark.parametrize(
    ("typed", "direction"),
    [
        ("105012345678", "import"),
        ("305012345678", "export"),
        ("105012345678", "transit"),
        ("305012345678", "transit"),
    ],
)
def test_a_customs_number_fits_its_direction(typed: str, direction: str) -> None:
    assert customs_number(f" {typed[:4]} {typed[4:]}", direction) == typed


@pytest.mark.parametrize(
    ("typed", "direction", "code"),
    [
        ("10501234567", "import", "customs_number_format"),
        ("1050123456789", "import", "customs_number_format"),
        ("205012345678", "transit", "customs_number_format"),
        ("10501234567X", "import", "customs_number_format"),
        ("305012345678", "import", "customs_number_direction"),
        ("105012345678", "export", "customs_number_direction"),
    ],
)
def test_a_wrong_customs_number_is_refused_by_name(typed: str, direction: str, code: str) -> None:
    with pytest.raises(IdentifierError) as refused:
        customs_number(typed, direction)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "canonical"),
    [
        ("0912 345 678", "+84912345678"),
        ("+84 (0)912.345.678", "+84912345678"),
        ("+84 912.345.678", "+84912345678"),
        ("0084912345678", "+84912345678"),
        ("138-8888-0000", "+8613888880000"),
        ("(+86) 873 3421 000", "+868733421000"),
        ("+84 0912 345 678", "+84912345678"),
        ("0084 0912 345 678", "+84912345678"),
        ("０９１２ ３４５ ６７８", "+84912345678"),
        ("+84 999", None),
        ("+999 912 345 678", None),
        ("0912 345 678 ext. 5", None),
        ("12345", None),
        ("gọi sau", None),
        ("", None),
    ],
)
def test_a_phone_is_brought_to_its_international_form(typed: str, canonical: str | None) -> None:
    if canonical is None:
        with pytest.raises(IdentifierError) as refused:
            phone(typed)
        assert refused.value.code == "phone_format"
    else:
        assert phone(typed) == canonical


# --- what every refusal of an identifier has in common


READINGS = (
    tax_code,
    lambda typed: tax_code(typed, "CN"),
    container_number,
    lambda typed: plate(typed, "VN"),
    lambda typed: plate(typed, "CN"),
    lambda typed: customs_number(typed, "import"),
    phone,
)


def _refusals(text: str) -> Iterator[IdentifierError]:
    for read in READINGS:
        try:
            read(text)
        except IdentifierError as refused:
            yield refused


@given(st.text(max_size=24))
def test_whatever_is_typed_is_read_or_refused_with_a_way_out(text: str) -> None:
    for refused in _refusals(text):
        assert re.fullmatch(r"[a-z_]+", refused.code)
        assert refused.says.endswith(".")
        as_field = FieldError("x", refused.code, refused.says, refused.facts)
        assert as_field.detail() == str(refused)


@pytest.mark.parametrize(
    ("typed", "country", "stands"),
    [
        ("24c 12345", "VN", "24C-123.45"),
        ("24C1234", "VN", "24C-1234"),
        ("29LD 123 45", "VN", "29LD-123.45"),
        ("24R-006.78", "VN", "24R-006.78"),
        ("云g12345", "CN", "云G·12345"),
        ("云GD12345", "CN", "云G·D12345"),
        ("T2412345", "VN", "T2412345"),
    ],
)
def test_a_plate_is_written_in_its_own_form(typed: str, country: str, stands: str) -> None:
    assert written(plate(typed, country).normalised) == stands
    assert plate(stands, country).normalised == plate(typed, country).normalised
