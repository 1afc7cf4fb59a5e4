"""Whether a declaration can be right: codes that exist, numbers whose check digits fit.

Everything wrong is collected, each with the path of its field, so that one look corrects it all.
A draft is checked for what it holds; when it is lodged, what is missing counts too. Pure: whether
a customs number is already in use, or a carrier registered, is asked of the database elsewhere.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from border.core.refusal import FieldError
from border.core.words import N_
from border.identifiers import (
    IdentifierError,
    container_number,
    customs_number,
    tax_code,
    tax_code_of_either_side,
)
from border.reference.catalogue import COUNTRIES, REGIMES, UNITS
from customs.draft import DraftDeclaration, GoodsLine, Party, Value
from customs.nomenclature import UnknownHsCode, nomenclature

ACCEPTED_CURRENCIES = frozenset({"VND", "CNY", "USD"})
"""Currencies in which a trader may state a value at this gate."""
UNITS_OF_VNACCS = frozenset({"PCE"})
"""Unit codes customary in VNACCS that today's Recommendation 20 no longer lists (unconfirmed)."""


@dataclass(frozen=True)
class Checked:
    """A draft with every identifier in its canonical form, and what is wrong with it."""

    draft: DraftDeclaration
    errors: tuple[FieldError, ...]


def check(
    draft: DraftDeclaration,
    *,
    gates: Collection[str],
    complete: bool = False,
    currencies: Collection[str] = ACCEPTED_CURRENCIES,
) -> Checked:
    """Check `draft` against the reference tables and the codes of the `gates` in use.

    With `complete`, what is missing is an error too, as when a declaration is lodged.
    """
    checking = _Checking(complete, frozenset(currencies))
    checked = draft.model_copy(
        update={
            "gate": checking.gate(draft.gate, gates),
            "regime": checking.regime(draft),
            "customs_number": checking.identifier(
                "customs_number",
                draft.customs_number,
                lambda text: customs_number(text, draft.direction),
            ),
            "exporter": checking.party("exporter", draft.exporter, draft.direction == "export"),
            "importer": checking.party("importer", draft.importer, draft.direction == "import"),
            "declarant": checking.party("declarant", draft.declarant, False, known=False)
            if isinstance(draft.declarant, Party)
            else draft.declarant,
            "carrier_tax_code": checking.identifier(
                "carrier_tax_code", draft.carrier_tax_code, tax_code_of_either_side
            ),
            "lines": checking.lines(draft.lines),
            "handling": list(dict.fromkeys(draft.handling)),
            "containers": checking.containers(draft.containers),
        }
    )
    return Checked(checked, tuple(checking.errors))


@dataclass
class _Checking:
    """One pass over a draft, collecting errors; each method returns the canonical value."""

    complete: bool
    currencies: frozenset[str]
    errors: list[FieldError] = field(default_factory=list)

    def wrong(self, path: str, code: str, says: str, **facts: object) -> None:
        """Note one field in error."""
        values = tuple((name, str(value)) for name, value in facts.items())
        self.errors.append(FieldError(path, code, says, values))

    def present(self, path: str, value: object) -> bool:
        """Say whether a value is there; a missing one is an error once all must be there."""
        if value is not None and value != []:
            return True
        if self.complete:
            self.wrong(path, "required", N_("This is needed before the declaration is lodged."))
        return False

    def identifier(self, path: str, text: str | None, read: Callable[[str], str]) -> str | None:
        """Return an identifier as `read` makes it, or as it was given if it cannot be right."""
        if text is None:
            return None
        try:
            return read(text)
        except IdentifierError as error:
            self.wrong(path, error.code, error.says, **dict(error.facts))
            return text

    def gate(self, code: str, gates: Collection[str]) -> str:
        """Return the gate's code."""
        if code not in gates:
            self.wrong(
                "gate",
                "unknown_gate",
                N_("There is no gate {given}. Choose one of: {gates}."),
                given=code,
                gates=", ".join(sorted(gates)),
            )
        return code

    def regime(self, draft: DraftDeclaration) -> str | None:
        """Return the regime; the national list has none for transit, which needs none."""
        if draft.regime is None:
            if draft.direction != "transit":
                self.present("regime", None)
            return None
        code = draft.regime.upper()
        regime = REGIMES.get(code)
        if regime is None:
            self.wrong(
                "regime",
                "unknown_regime",
                N_("{given} is no declaration type. Use one of VNACCS, such as B11 or A11."),
                given=draft.regime,
            )
        elif draft.direction not in ("transit", regime.direction):
            self.wrong(
                "regime",
                "regime_direction",
                N_("{given} is for {its}, but the direction is {direction}. Correct one of them."),
                given=code,
                its=regime.direction,
                direction=draft.direction,
            )
        return code

    def party(
        self, path: str, party: Party | None, ours: bool, *, known: bool = True
    ) -> Party | None:
        """Return a party; the Vietnamese firm on our side (`ours`) needs its tax code.

        A party that is not `known` may lack its country, and is then taken for Vietnamese.
        """
        if party is None:
            self.present(path, None)
            return None
        self.present(f"{path}.name", party.name)
        if known:
            self.present(f"{path}.country", party.country)
        country = self.country(f"{path}.country", party.country)
        read = country or "VN"
        code = self.identifier(
            f"{path}.tax_code", party.tax_code, lambda text: tax_code(text, read)
        )
        if ours and country == "VN":
            self.present(f"{path}.tax_code", code)
        return party.model_copy(update={"country": country, "tax_code": code})

    def country(self, path: str, code: str | None) -> str | None:
        """Return a country's two letters in upper case."""
        if code is None:
            return None
        if code.upper() not in COUNTRIES:
            self.wrong(
                path,
                "unknown_country",
                N_("{given} is no country of ISO 3166. Use two letters, such as VN, CN or TH."),
                given=code,
            )
        return code.upper()

    def containers(self, numbers: list[str]) -> list[str]:
        """Return container numbers in their canonical form, each once."""
        read = [
            self.identifier(f"containers.{at}", number, container_number)
            for at, number in enumerate(numbers)
        ]
        return [number for number in dict.fromkeys(read) if number]

    def lines(self, lines: list[GoodsLine]) -> list[GoodsLine]:
        """Return the lines in their canonical form."""
        self.present("lines", lines)
        return [self.line(f"lines.{at}", line) for at, line in enumerate(lines)]

    def line(self, path: str, line: GoodsLine) -> GoodsLine:
        """Return one line; net mass never exceeds gross mass."""
        for name in type(line).model_fields:
            if name != "value":
                self.present(f"{path}.{name}", getattr(line, name))
        for name in ("quantity", "gross_mass_g", "net_mass_g"):
            self.positive(f"{path}.{name}", getattr(line, name))
        net, gross = line.net_mass_g, line.gross_mass_g
        if net is not None and gross is not None and net > gross > 0:
            self.wrong(
                f"{path}.net_mass_g",
                "net_exceeds_gross",
                N_("The net mass of {net} g is more than the gross mass of {gross} g."),
                net=net,
                gross=gross,
            )
        return line.model_copy(
            update={
                "hs_code": self.hs_code(f"{path}.hs_code", line.hs_code),
                "origin": self.country(f"{path}.origin", line.origin),
                "unit": self.unit(f"{path}.unit", line.unit),
                "value": self.value(f"{path}.value", line.value),
            }
        )

    def positive(self, path: str, number: object) -> None:
        """Note a number that is zero or less."""
        if number is not None and not number > 0:  # type: ignore[operator]
            self.wrong(path, "not_positive", N_("This must be more than zero."))

    def hs_code(self, path: str, code: str | None) -> str | None:
        """Return a commodity code as digits only."""
        if code is None:
            return None
        try:
            return nomenclature().validate(code).code
        except UnknownHsCode as error:
            near = ", ".join(hs.code for hs in error.near)
            if near:
                says = N_("{given} is no code of the tariff. Perhaps you mean: {near}.")
            else:
                says = N_("{given} is no code of the tariff. Give its six or eight digits.")
            self.wrong(path, "unknown_hs_code", says, given=code, near=near)
            return code

    def unit(self, path: str, code: str | None) -> str | None:
        """Return a unit's code in upper case."""
        if code is None:
            return None
        if code.upper() not in UNITS and code.upper() not in UNITS_OF_VNACCS:
            self.wrong(
                path,
                "unknown_unit",
                N_("{given} is no unit of Recommendation 20. Use KGM, TNE, H87, LTR or another."),
                given=code,
            )
        return code.upper()

    def value(self, path: str, value: Value | None) -> Value | None:
        """Return a value with its currency in upper case."""
        if value is None:
            self.present(path, None)
            return None
        self.positive(f"{path}.minor", value.minor)
        currency = value.currency.upper()
        if currency not in self.currencies:
            self.wrong(
                f"{path}.currency",
                "currency_not_accepted",
                N_("A value is stated in {accepted} here, not in {given}."),
                given=value.currency,
                accepted=", ".join(sorted(self.currencies)),
            )
        return value.model_copy(update={"currency": currency})
