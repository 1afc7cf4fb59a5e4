"""`docs/errors.md`: every refusal by its code, what a scan can answer, and what bars a release."""

from collections.abc import Iterable, Iterator, Sequence

from api.documents.markdown import code, codes, page, table
from api.documents.sources import every_module
from border.core.refusal import REFUSALS
from customs.release import RELEASE_CHECKS
from logistics.check import Check
from logistics.gate_check import CHECKS, SAID, ScanKind

_INTRODUCTION = """\
A refusal is answered as `application/problem+json` (RFC 9457) with `code`, `status`, `title` and
`detail`, and nothing was changed. For an error of shape `errors` lists every field at once, each
with its path, a code and a sentence. *Retry* says that the same request may succeed later. When
several apply the order is: who 401 and 403, shape 400, a replayed answer, missing 404, whose 403,
state 409.
Sentences are in the language of the request; what stands in {braces} is filled in."""
_SCANS = """\
A scan is answered 200 with a `verdict` and a `code` of this closed list, also when the barrier
stays shut: a refusal at the barrier is an answer, not an error. The checks are asked in this order;
the first that fails gives the code, and `failed` lists them all. What nobody may overrule has to be
put right: only customs and the agencies free goods."""
_RELEASE = """\
Customs releases only when every one of these holds; the refusal `release_not_open` lists those that
do not."""


def errors_page() -> str:
    """Return the page."""
    every_module()
    refusals = table(
        ("code", "status", "retry", "title", "detail"),
        (
            (code(k.code), str(k.status), "yes" if k.retry else "", k.title, k.says)
            for k in sorted(REFUSALS.values(), key=lambda kind: (kind.status, kind.code))
        ),
    )
    checks = table(
        ("code", "asked of", "says", "to the driver", "may be overruled by"),
        (
            (
                code(said[0].code),
                _asked_of(kind for check in said for kind in check.kinds),
                said[0].label,
                said[0].driver,
                codes(said[0].override_by),
            )
            for said in _said_alike(CHECKS)
        ),
    )
    others = table(
        ("code", "says", "to the driver"),
        ((code(name), said.label, said.driver) for name, said in SAID.items()),
    )
    release = table(("check", "says"), ((code(c.name), c.says) for c in RELEASE_CHECKS))
    return page(
        "Errors",
        _INTRODUCTION,
        "## Refusals",
        refusals,
        "## What a scan answers",
        _SCANS,
        checks,
        "Besides, where no check is asked:",
        others,
        "## What bars a release",
        _RELEASE,
        release,
    )


def _said_alike(checks: Sequence[Check]) -> Iterator[list[Check]]:
    """Yield the rows that say the same together: one check asked by several rows."""
    alike: dict[tuple[str, str], list[Check]] = {}
    for check in checks:
        alike.setdefault((check.code, check.label), []).append(check)
    yield from alike.values()


def _asked_of(asked: Iterable[str]) -> str:
    """Return the scans that a check is asked of, in the order of a truck's way."""
    kinds = set(asked)
    if kinds == set(ScanKind):
        return "every scan"
    return codes(kind for kind in ScanKind if kind in kinds)
