"""The zone's receipt office put together: its words, its plates, its settings."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from api.language import translator
from api.pages.kit.labels import CHARGE_NAMES, in_words
from border.payments.receipts.configured import open_office
from border.payments.receipts.receipt import Collector
from border.payments.receipts.receipt_service import Office
from border.settings import Settings
from logistics import booking_storage
from logistics.tables import BookingRow


class CatalogueSpeech:
    """The words of fees and explanations as the pages say them."""

    def charge(self, kind: str, locale: str) -> str:
        """Return the name of a kind of charge."""
        return translator(locale).gettext(CHARGE_NAMES.get(kind, kind))

    def explanation(self, says: str, facts: Mapping[str, Any], locale: str) -> str:
        """Return a sentence of an explanation, the codes among its facts in words.

        A reason the program itself gave is a sentence, and is translated; a person's stays.
        """
        say, worded = translator(locale).gettext, in_words(facts, locale)
        if reason := worded.get("reason"):
            worded["reason"] = say(str(reason))
        return say(says, **worded)


async def plates_of(connection: AsyncConnection, subjects: Collection[str]) -> dict[str, str]:
    """Return the plates of the trucks of bookings; other references have none."""
    booked = [subject for subject in subjects if subject.startswith(f"{BookingRow.prefix}-")]
    return await booking_storage.plates_of(connection, booked) if booked else {}


def receipt_office(settings: Settings) -> Office | None:
    """Return the zone's office; None where it is not configured yet.

    The first call of a demonstration makes its key, which takes a moment: call it in a thread.
    """
    named = settings.receipt_collector, settings.receipt_collector_tax_code
    older = filter(None, settings.receipt_older_cert_files.split(":"))
    return open_office(
        demo=settings.demo,
        data_dir=Path(settings.data_dir),
        base_url=settings.base_url,
        speech=CatalogueSpeech(),
        plates_of=plates_of,
        collector=Collector(*named, settings.receipt_collector_address) if all(named) else None,
        key_file=settings.receipt_key_file,
        cert_file=settings.receipt_cert_file,
        older_cert_files=[Path(name) for name in older],
        template=settings.receipt_template,
        letters=settings.receipt_letters,
    )
