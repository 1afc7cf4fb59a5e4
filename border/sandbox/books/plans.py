"""The plans of faults, one for a reference, and one that waits for the next reference."""

import msgspec

from border.sandbox.books.state_file import StateFile
from border.sandbox.fault_plan import FaultPlan

_NEXT = ""


class Plans:
    """The fault plans in the state file."""

    def __init__(self, file: StateFile) -> None:
        self._file = file

    def keep(self, reference: str | None, plan: FaultPlan) -> None:
        """Keep `plan` for a reference (None: the next to come), in place of what it had."""
        self._file.execute(
            "INSERT INTO fault VALUES (?, ?) ON CONFLICT DO UPDATE SET plan = excluded.plan",
            (_NEXT if reference is None else reference, msgspec.json.encode(plan).decode()),
        )

    def give_next_to(self, reference: str) -> None:
        """Make the plan that waits for the next reference, if there is one, this one's."""
        self._file.execute(
            "UPDATE OR REPLACE fault SET txn_ref = ? WHERE txn_ref = ?", (reference, _NEXT)
        )

    def of(self, reference: str) -> FaultPlan:
        """Return the plan of a reference; without one, the plan that breaks nothing."""
        row = self._file.execute(
            "SELECT plan FROM fault WHERE txn_ref = ?", (reference,)
        ).fetchone()
        return msgspec.json.decode(row["plan"], type=FaultPlan) if row else FaultPlan()

    def strike(self, reference: str, question: str) -> str | None:
        """Return the next planned answer to a question, and strike it off the plan."""
        planned, left = self.of(reference).strike_answer(question)
        if planned is not None:
            self.keep(reference, left)
        return planned
