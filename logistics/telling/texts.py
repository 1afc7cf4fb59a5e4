"""The texts that the program comes with, in a table beside this file: `texts.csv`."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from border.core.store import Unit
from border.core.words import N_
from border.messages.contact import OWN_OCCASIONS
from border.messages.text_rules import MESSAGE_TEXTS, OWN_TEXTS, read_texts, seed
from border.regulation import regulation_service
from border.regulation.rule_kind import RuleSetDraft
from logistics.telling.occasions import GATE_OCCASIONS

TEXTS = Path(__file__).with_name("texts.csv")


def seeds() -> tuple[RuleSetDraft, ...]:
    """Return the texts of everything that happens at the gate, and of what people ask for."""
    own = seed("message-texts-own-2026", read_texts(OWN_TEXTS, OWN_OCCASIONS))
    return seed("message-texts-2026", read_texts(TEXTS, GATE_OCCASIONS)), own


async def load(unit: Unit) -> int:
    """Put the texts that are missing and return how many sets that were. writes: regulation."""
    return await regulation_service.load(unit, MESSAGE_TEXTS, seeds())


def approved() -> tuple[RuleSetDraft, ...]:
    """Return the same for the demonstration, whose carriers know every text by its own name."""
    return tuple(
        draft.model_copy(
            update={
                "code": f"{draft.code}-demo",
                "title": N_("The demonstration: every text is approved"),
                "effective_from": draft.effective_from + timedelta(days=1),
                "rows": tuple({**row, **_names(row)} for row in draft.rows),
            }
        )
        for draft in seeds()
    )


def _names(row: Mapping[str, str]) -> dict[str, str]:
    name = f"{row['occasion']}-{row['locale']}"
    return {"zalo_template": name, "wechat_template": name}


async def load_approved(unit: Unit) -> int:
    """Put the texts of the demonstration, as `load`. writes: regulation."""
    return await regulation_service.load(unit, MESSAGE_TEXTS, approved())
