"""What records and other things are called in a sentence, by the name that programs read."""

from api.tables import LIVES
from border.core.words import N_
from border.payments.tariffs.resolution import TARIFF_RESOLUTION

NOUNS = {
    **{life.name: life.noun for life in LIVES.values()},
    "agency": N_("Agency"),
    "daily_close": N_("Daily close"),
    "document": N_("Document"),
    "gate": N_("Gate"),
    "gateway": N_("Gateway"),
    "move": N_("Step"),
    "page": N_("Page"),
    "scan": N_("Scan"),
    "slot": N_("Crossing hour"),
    "tariff_resolution": TARIFF_RESOLUTION.noun,
    "statement": N_("Statement"),
    "verb": N_("Step"),
}
