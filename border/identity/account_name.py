"""The one form of an account's name: as it is kept, looked up and counted."""

import unicodedata


def canonical_account(typed: str) -> str:
    """Return an e-mail address in its one form, whatever was typed.

    Full-width letters are the plain ones, capitals do not count, and blanks and what cannot be
    seen fall away, wherever they stand.
    """
    plain = unicodedata.normalize("NFKC", typed).lower()
    return "".join(c for c in plain if not c.isspace() and unicodedata.category(c) != "Cf")
