"""The table of declarations to fill in: its headings, an example, and what each column means."""

import csv
import io

from api.http.workbook import Worksheet, workbook
from api.language import translator
from border.core.words import N_
from customs.intake.template import COLUMNS, NEEDED

_LOCALES = (("Tiếng Việt", "vi"), ("中文", "zh"), ("English", "en"))


def template_xlsx(locale: str) -> bytes:
    """Return a workbook: a sheet to fill in, one that explains every column in three languages.

    Codes and numbers that name something are texts, so that a spreadsheet keeps their zeros.
    """
    say = translator(locale).gettext
    titles = [name for name, _ in _LOCALES]
    return workbook(
        [
            Worksheet(
                say(N_("Declarations")),
                [(column.heading(locale), 22) for column in COLUMNS],
                [[column.example or None for column in COLUMNS]],
            ),
            Worksheet(
                say(N_("Explanation")),
                [(title, 60) for title in titles],
                [
                    [
                        f"{column.heading(code)}{'*' * (column.name in NEEDED)}: "
                        + translator(code).gettext(column.says)
                        for _, code in _LOCALES
                    ]
                    for column in COLUMNS
                ],
            ),
        ]
    )


def template_csv(locale: str) -> bytes:
    """Return the headings and an example as comma-separated values, as a spreadsheet opens them."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([column.heading(locale) for column in COLUMNS])
    writer.writerow([column.example for column in COLUMNS])
    return out.getvalue().encode("utf-8-sig")
