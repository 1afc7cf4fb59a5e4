"""What holds for whoever waits for a full hour, as dated rules. Pure."""

from datetime import date, timedelta

from pydantic import Field

from border.core.request_body import Integer
from border.core.words import N_
from border.regulation.rule_kind import RuleKind, RuleRow, RuleSetDraft, Words, rule_kind


class WaitingTermsRow(RuleRow):
    """How long an offer stands, how many one gets, and how often one can be passed over.

    `most_waiting` is how many vehicles of one firm may wait for an hour.
    """

    offer_minutes: Integer = Field(title=N_("Minutes an offer stands"), ge=1, le=1440)
    most_offers: Integer = Field(title=N_("Offers to one who waits"), ge=1, le=20)
    most_passed_over: Integer = Field(
        title=N_("Times one can be passed over by somebody who came later"), ge=0, le=1000
    )
    most_waiting: Integer = Field(
        title=N_("Vehicles of one firm that may wait for an hour"), ge=1, le=1000
    )

    @property
    def offer(self) -> timedelta:
        """How long an offer stands."""
        return timedelta(minutes=self.offer_minutes)


def _words(row: WaitingTermsRow) -> Words:
    says = N_(
        "An offer stands for {offer_minutes} minutes, one who waits gets at most {most_offers}; "
        "nobody is passed over more than {most_passed_over} times by who came later; at most "
        "{most_waiting} vehicles of one firm wait for an hour."
    )
    return says, row.model_dump()


WAITING_TERMS = rule_kind(
    RuleKind(
        name="waiting_terms",
        label=N_("Waiting for a full hour, and offers"),
        row=WaitingTermsRow,
        words=_words,
        only_one=True,
    )
)
WAITING_SEED = RuleSetDraft(
    code="waiting-terms-2026",
    title=N_("Terms of waiting until the management board decides"),
    issued_by=N_("seed of the program"),
    legal_basis=N_("seed until the management board decides"),
    effective_from=date(2026, 1, 1),
    rows=({"offer_minutes": 20, "most_offers": 3, "most_passed_over": 5, "most_waiting": 12},),
)
