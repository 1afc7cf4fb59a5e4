"""A gateway's statement of one day as a CSV file.

A header, the lines, and at the end `#total,<lines>,<sum>`: how many lines stand between, and
the sum of their column `amount` as written. Amounts are whole VND without sign.
"""

import csv
import io
from collections.abc import Sequence

from border.core.clock import ZONE
from border.sandbox.statements.line import StatementEntry

_HEADER = (
    "transaction_no", "type", "reference", "amount", "fee", "currency", "happened_at", "memo",
)  # fmt: skip


def gateway_csv(lines: Sequence[StatementEntry]) -> str:
    """Return the file of `lines`, its instants at the hour of the gate."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_HEADER)
    for line in lines:
        happened_at = line.happened_at.astimezone(ZONE).isoformat(timespec="seconds")
        writer.writerow(
            (
                line.transaction_no,
                line.kind,
                line.reference,
                line.amount_vnd,
                line.fee_vnd,
                "VND",
                happened_at,
                line.memo,
            )
        )
    writer.writerow(("#total", len(lines), sum(line.amount_vnd for line in lines)))
    return file.getvalue()
