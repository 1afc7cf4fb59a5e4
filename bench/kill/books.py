"""The books held against what the callers were told: nothing lost, nothing twice, all worked off.

Each check is a statement that returns what is wrong, asked of the database itself. Sums and orders
are the checks' own. Each stands beside the fault that it must find.
"""

import asyncio
from dataclasses import dataclass

import asyncpg
from redis.asyncio import Redis

from bench.kill.crossing import Told
from bench.kill.program import STREAM

RECORDS = ("booking", "charge", "payment", "attempt", "slip", "passage", "receipt")
_LIVE = "('held', 'confirmed', 'checked_in', 'called', 'used')"
_NOTICE = "JOIN notice n ON n.verified AND n.dedupe_key = sha256(convert_to(key, 'UTF8'))"


@dataclass(frozen=True)
class Check:
    """Something that must be so: `sql` returns what is not, and would after `planted`.

    `$1` are the keys of what callers were told, of the kind `what`.
    """

    says: str
    sql: str
    planted: str
    what: str = ""


CHECKS = (
    Check(
        "an acknowledged booking is not there, or not live",
        "SELECT key FROM unnest($1::text[]) key LEFT JOIN booking b ON b.id = key::uuid "
        f"AND b.state IN {_LIVE} WHERE b.id IS NULL",
        "DELETE FROM booking",
        "booked",
    ),
    Check(
        "an acknowledged payment is not there",
        "SELECT key FROM unnest($1::text[]) key LEFT JOIN payment p ON p.id = key::uuid "
        "WHERE p.id IS NULL",
        "DELETE FROM payment",
        "paying",
    ),
    Check(
        "an acknowledged notice was not kept, or not worked off",
        f"SELECT key FROM unnest($1::text[]) key LEFT {_NOTICE} WHERE n.taken_at IS NULL",
        "DELETE FROM notice",
        "noticed",
    ),
    Check(
        "what a notice told of was not captured once",
        f"SELECT key FROM unnest($1::text[]) key {_NOTICE} WHERE 1 <> (SELECT count(*)"
        " FROM journal j WHERE j.kind = 'capture' AND j.attempt_id = n.attempt_id)",
        "UPDATE journal SET attempt_id = (SELECT id FROM attempt LIMIT 1) WHERE kind = 'capture'",
        "noticed",
    ),
    Check(
        "what a notice told of left its charge open",
        f"SELECT key FROM unnest($1::text[]) key {_NOTICE} JOIN attempt a ON a.id = n.attempt_id "
        "JOIN payment_charge l USING (payment_id) JOIN charge c ON c.id = l.charge_id "
        "WHERE c.state <> 'settled'",
        "UPDATE charge SET state = 'owed'",
        "noticed",
    ),
    Check(
        "a booking that was seen confirmed is so no more, or has not one slip and one passage",
        "SELECT key FROM unnest($1::text[]) key LEFT JOIN booking b ON b.id = key::uuid "
        f"AND b.state IN {_LIVE} AND b.state <> 'held' WHERE b.id IS NULL "
        "OR 1 <> (SELECT count(*) FROM slip WHERE booking_id = b.id) "
        "OR 1 <> (SELECT count(*) FROM passage WHERE booking_id = b.id)",
        "DELETE FROM slip",
        "confirmed",
    ),
    Check(
        "an acknowledged scan is not there with its answer",
        "SELECT key FROM unnest($1::text[]) key LEFT JOIN scan s "
        "ON s.scan_id || ' ' || (s.answer->>'verdict') = key WHERE s.id IS NULL",
        """UPDATE scan SET answer = '{"verdict": "refused"}'""",
        "scanned",
    ),
    Check(
        "a truck was scanned twice for one step",
        "SELECT slip_id::text || ' ' || kind FROM scan GROUP BY slip_id, kind HAVING count(*) > 1",
        "UPDATE scan SET kind = 'entry'",
    ),
    Check(
        "a truck was booked twice",
        "SELECT plate FROM booking GROUP BY plate HAVING count(*) > 1",
        "UPDATE booking SET plate = '24C00000', state = 'cancelled'",
    ),
    Check(
        "an hour counts other bookings than it has",
        "SELECT id::text FROM slot WHERE taken <> (SELECT count(*) FROM booking "
        f"WHERE slot_id = slot.id AND state IN {_LIVE})",
        "UPDATE slot SET taken = taken + 1, class_taken[2] = class_taken[2] + 1",
    ),
    Check(
        "a charge is paid by more than one payment",
        "SELECT charge_id::text FROM payment_charge GROUP BY charge_id HAVING count(*) > 1",
        "UPDATE payment_charge SET charge_id = (SELECT id FROM charge LIMIT 1)",
    ),
    Check(
        "a journal does not add up to nothing, or has no line",
        "SELECT id::text FROM journal LEFT JOIN posting ON journal_id = id "
        "GROUP BY id, currency HAVING sum(amount_minor) IS DISTINCT FROM 0",
        "DELETE FROM posting WHERE line = 1",
    ),
    Check(
        "a charge is settled and not paid, or paid and not settled",
        "SELECT c.reference FROM charge c LEFT JOIN posting p ON p.charge_id = c.id "
        "AND p.account = 'payer_receivable' GROUP BY c.id "
        "HAVING (coalesce(sum(p.amount_minor), -1) = 0) <> (c.state = 'settled')",
        "UPDATE charge SET state = 'owed'",
    ),
    Check(
        "a payment that is paid has not one receipt",
        "SELECT reference FROM payment WHERE state = 'paid' AND 1 <> "
        "(SELECT count(*) FROM receipt WHERE payment_id = payment.id)",
        "DELETE FROM receipt",
    ),
    Check(
        "receipts have a gap in their numbers",
        "SELECT serial FROM receipt GROUP BY serial, year HAVING max(number) <> count(*)",
        "DELETE FROM receipt WHERE number = 1",
    ),
    Check(
        "a record's events do not follow one on the other in the order of the feed",
        "SELECT subject || ' ' || version FROM (SELECT subject, version, lag(version) "
        "OVER (PARTITION BY subject ORDER BY xid, seq) AS before FROM event "
        f"WHERE split_part(type, '.', 1) = ANY('{{{','.join(RECORDS)}}}')) e "
        "WHERE version <> coalesce(before, 0) + 1",
        "DELETE FROM event WHERE type = 'booking.confirm'",
    ),
    *(
        Check(
            f"a record of the kind {kind} is not as its last event left it",
            f"SELECT r.reference FROM {kind} r LEFT JOIN (SELECT DISTINCT ON (subject) subject,"
            f" payload->>'state' AS state, version FROM event WHERE type LIKE '{kind}.%'"
            " ORDER BY subject, xid DESC, seq DESC) e ON e.subject = r.reference "
            "WHERE (r.state, r.version) IS DISTINCT FROM (e.state, e.version)",
            f"UPDATE {kind} SET version = version + 1",
        )
        for kind in RECORDS
    ),
    Check(
        "a truck that was let in is not counted among the visits",
        "SELECT reference FROM passage WHERE admitted_at IS NOT NULL AND NOT EXISTS "
        "(SELECT FROM visit WHERE subject = reference AND visit.admitted_at = passage.admitted_at)",
        "DELETE FROM visit",
    ),
)

_WAITING = """
SELECT (SELECT count(*) FROM notice WHERE taken_at IS NULL) AS notices,
       (SELECT count(*) FROM payment p WHERE state = 'paid'
          AND NOT EXISTS (SELECT FROM receipt WHERE payment_id = p.id)) AS receipts,
       (SELECT count(*) FROM postponed) AS postponed,
       (SELECT count(*) FROM reader r JOIN event e
          ON (e.xid, e.seq) > (r.xid::text::xid8, r.seq)) AS unread
"""
_READ = (
    "SELECT xid || '-' || seq FROM event WHERE (xid, seq) > ($1::text::xid8, $2) ORDER BY xid, seq"
)
WORKED_OFF_WITHIN_S = 60


async def wrong_in(connection: asyncpg.Connection, told: Told) -> list[str]:
    """Return what is wrong in the books, each with up to three that it is wrong of."""
    wrong = []
    for check in CHECKS:
        given = [told.keys(check.what)] if check.what else []
        found = [str(row[0]) for row in await connection.fetch(check.sql, *given)]
        if found:
            wrong.append(f"{check.says}: {len(found)}, as {', '.join(found[:3])}")
    return wrong


async def not_worked_off(connection: asyncpg.Connection) -> str:
    """Wait until the jobs have done what there is to do; return what they have not done in time."""
    try:
        async with asyncio.timeout(WORKED_OFF_WITHIN_S):
            while left := await _waiting(connection):  # noqa: ASYNC110  (jobs of others)
                await asyncio.sleep(0.1)
    except TimeoutError:
        return f"the jobs left work undone: {', '.join(left)}"
    return ""


async def _waiting(connection: asyncpg.Connection) -> list[str]:
    (row,) = await connection.fetch(_WAITING)
    return [f"{number} {name}" for name, number in row.items() if number]


class Stream:
    """The stream the feed is handed on to, looked at from where the last look ended."""

    def __init__(self) -> None:
        self._seen = "0-0"

    async def wrong(self, connection: asyncpg.Connection, redis_url: str) -> list[str]:
        """Return whether the stream has anything else than the feed, or in another order."""
        xid, _, seq = self._seen.partition("-")
        feed = [row[0] for row in await connection.fetch(_READ, xid, int(seq))]
        redis = Redis.from_url(redis_url, decode_responses=True)
        try:
            found = await redis.xrange(STREAM, f"({self._seen}")
        finally:
            await redis.aclose()
        stream = [id for id, _ in found or ()]
        if stream != feed:
            return [f"the stream has {len(stream)} entries where the feed has {len(feed)} events"]
        self._seen = feed[-1] if feed else self._seen
        return []
