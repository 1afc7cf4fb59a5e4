"""A year of work put into a database at once, so that a figure is one of a large zone.

`python -m bench.fill URL 200000` writes the rows that so many trucks leave behind: declarations,
bookings with slips and passages, three scans and five events each, visits, windows, hours of a
year and settled charges. Nearly all of it is over; what the last hours brought is still under way.
The ledger, the answers kept and the receipts are left out, and a line of goods is two words: who
measures those has to fill them too. The database must be migrated, seeded and for this alone.
"""

import asyncio
import sys

import asyncpg

GATE = "KIM_THANH_II"

_TRUCKS = """
CREATE TEMP TABLE truck AS
SELECT n, gen_random_uuid() AS declaration_id, gen_random_uuid() AS booking_id,
    gen_random_uuid() AS slip_id, gen_random_uuid() AS passage_id,
    (SELECT id FROM organisation ORDER BY id OFFSET n % 20 LIMIT 1) AS owner,
    CASE n % 2 WHEN 0 THEN 'export' ELSE 'import' END AS direction,
    'F' || lpad(n::text, 9, '0') AS code,
    arrived_at, date_trunc('hour', arrived_at) AS starts_at,
    arrived_at < now() - interval '6 hours' AS over,
    arrived_at < now() - interval '1 hour' AS entered
FROM (SELECT n, now() - interval '365 days' * ($1::int - n) / $1::int AS arrived_at
    FROM generate_series(1, $1::int) AS n) AS arrivals
"""

_ROWS = (
    """
    INSERT INTO organisation (id, name, kind, country)
    SELECT gen_random_uuid(), 'Filled ' || n, 'trader', 'VN' FROM generate_series(1, 20) AS n
    """,
    """
    INSERT INTO slot (id, gate, direction, starts_at, ends_at, opens_at, closes_at, capacity, taken,
        mode, early_minutes, entry_early_minutes, grace_minutes, hold_minutes)
    SELECT gen_random_uuid(), '{gate}', direction, hour, hour + interval '1 hour',
        hour - interval '3 days', hour + interval '45 minutes', 100000, 0, 'first_come',
        180, 30, 30, 15
    FROM generate_series(date_trunc('hour', now()) - interval '366 days', now(), '1 hour') AS hour,
        unnest(ARRAY['export', 'import']) AS direction
    ON CONFLICT DO NOTHING
    """,
    """
    INSERT INTO declaration (id, reference, state, version, gate, created_at, changed_at,
        customs_number, regime, direction, owner_organisation_id, handling, certificates,
        containers, goes_first, gross_mass_g, line_count, totals, lane, lodged_at, registered_at,
        released_at, closed_at)
    SELECT declaration_id, 'DEC-' || code, CASE WHEN over THEN 'closed' ELSE 'released' END, 5,
        '{gate}', arrived_at - interval '1 day', arrived_at, code, 'ordinary', direction, owner,
        '[]', '[]', '[]', false, 20000000, 1, '[]', 'green', arrived_at - interval '1 day',
        arrived_at, arrived_at, CASE WHEN over THEN arrived_at END
    FROM truck
    """,
    """
    INSERT INTO declaration_line (declaration_id, position, hs_code, description, origin)
    SELECT declaration_id, 1, '08106000', 'Fresh durians', 'VN' FROM truck
    """,
    """
    INSERT INTO booking (id, reference, state, version, gate, created_at, changed_at,
        owner_organisation_id, slot_id, direction, slot_starts_at, slot_ends_at, held_until,
        free_cancel_until, slip_valid_until, plate, plate_typed, country, vehicle_class, payload_g,
        empty, priority, driver)
    SELECT booking_id, 'BKG-' || code, CASE WHEN over THEN 'used' ELSE 'checked_in' END, 4,
        '{gate}', arrived_at - interval '1 day', arrived_at, owner, slot.id, slot.direction,
        slot.starts_at, slot.ends_at, slot.starts_at, slot.starts_at, slot.ends_at,
        code, code, 'VN', 'container_40', 25000000, false, 'ordinary', '{{}}'
    FROM truck JOIN slot ON slot.gate = '{gate}' AND slot.direction = truck.direction
        AND slot.starts_at = truck.starts_at
    """,
    "INSERT INTO booking_declaration SELECT booking_id, declaration_id, NOT over FROM truck",
    """
    INSERT INTO slip (id, reference, state, version, gate, created_at, changed_at, booking_id,
        token, valid_until)
    SELECT slip_id, 'SLP-' || code, CASE WHEN over THEN 'used' ELSE 'active' END, 2, '{gate}',
        arrived_at - interval '1 day', arrived_at, booking_id, repeat(code, 20), arrived_at
    FROM truck
    """,
    """
    INSERT INTO passage (id, reference, state, version, gate, created_at, changed_at, booking_id,
        arrived_at, admitted_at, exited_at)
    SELECT passage_id, 'PSG-' || code,
        CASE WHEN over THEN 'closed' WHEN entered THEN 'in_zone' ELSE 'arrived' END, 4, '{gate}',
        arrived_at - interval '1 day', arrived_at, booking_id, arrived_at,
        CASE WHEN entered THEN arrived_at + interval '40 minutes' END,
        CASE WHEN over THEN arrived_at + interval '2 hours' END
    FROM truck
    """,
    """
    INSERT INTO scan (id, device, scan_id, request, gate, lane, kind, scanned_at, received_at,
        happened_at, account, verdict, code, slip_id, flags, waits, answer)
    SELECT gen_random_uuid(), 'booth', code || kind, '{{}}', '{gate}', 'X1', kind, at, at, at,
        'gate@filled', CASE WHEN n % 50 = 0 THEN 'refused' ELSE 'recorded' END,
        CASE WHEN n % 50 = 0 THEN 'TOO_EARLY' ELSE 'OK' END, slip_id, '[]', false, '{{}}'
    FROM truck, LATERAL (VALUES ('arrival', arrived_at), ('entry', arrived_at + interval '40 min'),
        ('exit', arrived_at + interval '2 hours')) AS steps (kind, at)
    WHERE at < now()
    """,
    """
    INSERT INTO visit (subject, gate, direction, vehicle_class, priority, arrived_at, admitted_at,
        exited_at)
    SELECT reference, gate, direction, 'container_40', 'ordinary', passage.arrived_at, admitted_at,
        exited_at
    FROM passage JOIN truck ON truck.passage_id = passage.id
    """,
    """
    INSERT INTO throughput_window (gate, direction, lane, window_start, arrivals, entries, exits,
        refusals, revision, published_revision)
    SELECT '{gate}', direction, 'X1', date_bin('5 minutes', arrived_at, '2026-01-01'), count(*),
        count(*), count(*), 0, 1, 1
    FROM truck GROUP BY 2, 4
    """,
    """
    INSERT INTO charge (id, reference, state, version, gate, created_at, changed_at, subject, kind,
        payer_organisation_id, amount_minor, currency, explanation, rule_codes, parts, inputs,
        settled_at)
    SELECT gen_random_uuid(), 'CHG-' || code, 'settled', 2, '{gate}', arrived_at, arrived_at,
        'BKG-' || code, 'infrastructure_fee', owner, 500000, 'VND', '[]', '{{}}', '[]', '{{}}',
        arrived_at - interval '12 hours'
    FROM truck
    """,
    # Numbers of transactions that are over, in the order in which things happened.
    """
    INSERT INTO event (xid, id, type, gate, subject, key, version, happened_at, actor, payload,
        private, recorded_at, request_id, actor_kind)
    SELECT (3 + n::bigint * (pg_current_xact_id()::text::bigint - 4)
            / (SELECT count(*) FROM truck))::text::xid8,
        gen_random_uuid(), type, '{gate}', subject || code, subject || code, version, arrived_at,
        'gate@filled', '{{"direction": "export", "gate_lane": "X1", "priority": "ordinary"}}',
        '{{}}', arrived_at, 'filled', 'person'
    FROM truck, LATERAL (VALUES
        (1, 'declaration.lodge', 'DEC-'), (1, 'booking.hold', 'BKG-'),
        (2, 'passage.arrive', 'PSG-'), (3, 'passage.admit', 'PSG-'), (4, 'passage.exit', 'PSG-'),
        (9, CASE WHEN n % 1000 = 0 THEN 'booking.late_cancel' END, 'BKG-')
    ) AS steps (version, type, subject)
    WHERE type IS NOT NULL ORDER BY n, version
    """,
)


async def fill(connection: asyncpg.Connection, trucks: int) -> None:
    """Write what so many trucks left behind in a year, and let the database look at it.

    writes: every table named above, in one transaction.
    """
    async with connection.transaction():
        await connection.execute(_ROWS[0])
        await connection.execute(_TRUCKS.replace("$1", str(trucks)))
        for statement in _ROWS[1:]:
            await connection.execute(statement.format(gate=GATE))
        await connection.execute("DROP TABLE truck")
    # A planner that does not know the tables chose plans ten times slower.
    await connection.execute("VACUUM ANALYZE")


async def _main(url: str, trucks: int) -> None:
    connection = await asyncpg.connect(url.replace("postgresql+asyncpg://", "postgresql://"))
    try:
        await fill(connection, trucks)
    finally:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
