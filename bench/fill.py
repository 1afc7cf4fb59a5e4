"""A gate's past put into a database at once, so that a figure is one of a zone that has run long.

`python -m bench.fill URL 1000000` writes what so many trucks leave behind, `PER_DAY` of them a day
up to tomorrow, so that more trucks are a longer past and not a busier day: declarations with goods
and clearances, bookings, slips, passages, three scans, five events, visits, windows, hours, charges
with their entries and lines, payments, receipts, waiting lists, and the answers of the last days.
Nearly all of it is over; the last hours are under way, tomorrow's trucks are booked or wait for
customs. A receipt's document and a slip's signature are only as long as real ones. The database
must be migrated, seeded and for this alone; whoever fills it may switch its triggers off.
"""

import asyncio
import sys

import asyncpg

from border.core.ids import new_reference

GATE = "KIM_THANH_II"
PER_DAY = 2740
"""A million a year."""


def _id(at: str, kind: int) -> str:
    """Return an id of one kind of a truck's that rises with an instant, as the zone's own do."""
    instant = f"lpad(to_hex((extract(epoch FROM {at}) * 1000)::bigint), 12, '0')"
    return f"({instant} || '70008{kind:03x}' || lpad(to_hex(n), 12, '0'))::uuid"


_TRUCKS = f"""
CREATE TEMP TABLE truck AS
SELECT *, {_id("made_at", 1)} AS declaration_id, {_id("made_at", 2)} AS booking_id,
    {_id("made_at", 3)} AS slip_id, {_id("made_at", 4)} AS passage_id,
    {_id("made_at", 5)} AS charge_id, {_id("made_at", 6)} AS payment_id,
    {_id("made_at", 7)} AS assess_id, {_id("paid_at", 8)} AS capture_id,
    owners[1 + n % cardinality(owners)] AS owner,
    CASE n % 2 WHEN 0 THEN 'export' ELSE 'import' END AS direction,
    (ARRAY['18t_and_over', 'container_20', 'container_40'])[1 + n % 3] AS class,
    (ARRAY['red', 'yellow', 'yellow', 'green'])[least(1 + n % 20, 4)] AS lane,
    'F' || lpad(n::text, 9, '0') AS code, date_trunc('hour', arrived_at) AS starts_at,
    CASE WHEN arrived_at > now() THEN CASE WHEN n % 10 = 0 THEN 0 ELSE 1 END
        WHEN arrived_at > now() - interval '40 minutes' THEN 2
        WHEN arrived_at > now() - interval '2 hours' THEN 3 ELSE 4 END AS stage
FROM (
    SELECT n, at AS arrived_at, at - interval '30 hours' AS made_at,
        at - interval '28 hours' AS paid_at
    FROM generate_series(1, $1::int) AS n,
        LATERAL (SELECT now() + interval '1 day' * (1 - ($1::int - n) / $2::float)) AS time (at)
) AS arrivals, (
    SELECT array_agg(id ORDER BY id) AS owners FROM organisation WHERE kind = 'trader'
) AS traders
"""
"""Every truck with its records' ids; `stage` is 0 before customs, 1 booked, 2 arrived, 3 in the
zone, 4 gone again."""

_RECORD = "'{gate}', made_at, arrived_at"
_PLATE = "'24C' || lpad((n % 90000)::text, 5, '0')"  # A truck comes back about once a month.

_WAITS = "(stage = 1 AND n % 20 = 0)"
"""Of tomorrow's trucks some wait for a second hour; every other waited before it was booked."""

_ROWS = (
    f"""
    INSERT INTO organisation (id, name, kind, country)
    SELECT {_id("now()", 0)}, 'Filled ' || n, 'trader', 'VN' FROM generate_series(1, 20) AS n
    """,
    _TRUCKS,
    "ANALYZE truck",
    """
    INSERT INTO slot (id, gate, direction, starts_at, ends_at, opens_at, closes_at, planned,
        capacity, kept, taken, class_taken, waiting, mode, early_minutes, entry_early_minutes,
        grace_minutes, hold_minutes)
    SELECT gen_random_uuid(), '{gate}', direction, starts_at, starts_at + interval '1 hour',
        starts_at - interval '3 days', starts_at + interval '45 minutes', 80, 80, 0, count(*),
        ARRAY[0, count(*), 0, 0, 0], 0,
        'first_come', 180, 30, 30, 15
    FROM truck WHERE stage > 0 GROUP BY direction, starts_at
    ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO declaration (id, reference, state, version, gate, created_at, changed_at,
        customs_number, regime, direction, owner_organisation_id, handling, certificates,
        containers, goes_first, gross_mass_g, line_count, totals, lane, lodged_at, registered_at,
        released_at, closed_at)
    SELECT declaration_id, 'DEC-' || code,
        CASE stage WHEN 0 THEN 'under_review' WHEN 4 THEN 'closed' ELSE 'released' END, 5,
        {_RECORD}, '31' || lpad(n::text, 10, '0'), 'B11', direction, owner,
        '[]', '[]', '[]', false, 18400000, 2, '{{{{"CNY": 18000000}}}}',
        CASE stage WHEN 0 THEN 'yellow' ELSE lane END, made_at,
        made_at, CASE WHEN stage > 0 THEN paid_at END, CASE stage WHEN 4 THEN arrived_at END
    FROM truck
    """,
    """
    INSERT INTO declaration_line (declaration_id, position, hs_code, description, origin,
        quantity_milli, unit, gross_mass_g, net_mass_g, value_minor, value_currency)
    SELECT declaration_id, position, hs_code, goods, 'VN', 9200000, 'KGM', 9200000, 9000000,
        9000000, 'CNY'
    FROM truck, (VALUES (0, '08109092', 'Thanh long'), (1, '08106000', 'Sầu riêng'))
        AS lines (position, hs_code, goods)
    """,
    """
    INSERT INTO clearance (declaration_id, agency, state, decided_at)
    SELECT declaration_id, agency,
        CASE WHEN stage = 0 AND agency = 'customs' THEN 'pending' ELSE 'passed' END,
        CASE WHEN stage > 0 OR agency <> 'customs' THEN paid_at END
    FROM truck, unnest(ARRAY['customs', 'border_guard', 'plant_quarantine']) AS agency
    """,
    "DELETE FROM truck WHERE stage = 0",
    f"""
    INSERT INTO booking (id, reference, state, version, gate, created_at, changed_at,
        owner_organisation_id, slot_id, direction, slot_starts_at, slot_ends_at, held_until,
        free_cancel_until, slip_valid_until, plate, plate_typed, country, vehicle_class, payload_g,
        empty, priority, share_class, driver)
    SELECT booking_id, 'BKG-' || code,
        (ARRAY['confirmed', 'checked_in', 'used', 'used'])[stage], 4, {_RECORD}, owner, slot.id,
        slot.direction, slot.starts_at, slot.ends_at, slot.starts_at, slot.starts_at, slot.ends_at,
        {_PLATE}, {_PLATE}, 'VN', class, 25000000, false, 'ordinary',
        'ordinary', '{{{{"name": "Tài xế", "document_number": "010000000000", "phone": null}}}}'
    FROM truck JOIN slot ON slot.gate = '{{gate}}' AND slot.direction = truck.direction
        AND slot.starts_at = truck.starts_at
    """,
    """
    INSERT INTO waiting_list (slot_id, secret, draws)
    SELECT id, sha256(convert_to(id::text, 'UTF8')), 1 FROM slot ON CONFLICT DO NOTHING
    """,
    f"""
    INSERT INTO waiting_entry (id, reference, state, version, gate, created_at, changed_at,
        owner_organisation_id, direction, plate, plate_typed, priority, share_class, request,
        offers, booking_id)
    SELECT {_id("made_at", 12)}, 'WTG-' || code,
        CASE WHEN {_WAITS} THEN 'waiting' ELSE 'booked' END, 3, {_RECORD}, owner, direction,
        {_PLATE}, {_PLATE}, 'ordinary', 'ordinary', '{{{{}}}}', 1,
        CASE WHEN {_WAITS} THEN NULL ELSE booking_id END
    FROM truck
    """,
    f"""
    INSERT INTO waiting_hour (entry_id, slot_id, plate, rank, passed_over, live)
    SELECT {_id("made_at", 12)}, slot.id, {_PLATE}, 0, 1, {_WAITS}
    FROM truck JOIN slot ON slot.gate = '{{gate}}' AND slot.direction = truck.direction
        AND slot.starts_at = truck.starts_at
    """,
    """
    UPDATE slot SET waiting = many, class_waiting = ARRAY[0, many, 0, 0], capacity = taken
    FROM (SELECT slot_id, count(*)::int AS many FROM waiting_hour WHERE live GROUP BY 1) AS lists
    WHERE slot.id = lists.slot_id
    """,
    "INSERT INTO booking_declaration SELECT booking_id, declaration_id, stage < 4 FROM truck",
    f"""
    INSERT INTO slip (id, reference, state, version, gate, created_at, changed_at, booking_id,
        token, valid_until)
    SELECT slip_id, 'SLP-' || code, CASE WHEN stage < 3 THEN 'active' ELSE 'used' END, 2, {_RECORD},
        booking_id, repeat(code, 20), arrived_at + interval '3 days'
    FROM truck
    """,
    f"""
    INSERT INTO passage (id, reference, state, version, gate, created_at, changed_at, booking_id,
        arrived_at, admitted_at, exited_at)
    SELECT passage_id, 'PSG-' || code, (ARRAY['expected', 'arrived', 'in_zone', 'closed'])[stage],
        stage, {_RECORD}, booking_id, CASE WHEN stage > 1 THEN arrived_at END,
        CASE WHEN stage > 2 THEN arrived_at + interval '40 minutes' END,
        CASE WHEN stage > 3 THEN arrived_at + interval '2 hours' END
    FROM truck
    """,
    f"""
    INSERT INTO scan (id, device, scan_id, request, gate, lane, kind, scanned_at, received_at,
        happened_at, account, verdict, code, slip_id, flags, waits, answer)
    SELECT {_id("at", 9)}, 'booth', code || kind,
        jsonb_build_object('code', repeat(code, 20), 'kind', kind, 'lane', 'X1'),
        '{{gate}}', 'X1', kind, at, at, at,
        'gate@filled', CASE WHEN n % 50 = 0 THEN 'refused' ELSE 'recorded' END,
        CASE WHEN n % 50 = 0 THEN 'TOO_EARLY' ELSE 'OK' END, slip_id, '[]', false,
        jsonb_build_object('verdict', 'recorded', 'plate', code, 'says', repeat('said ', 60))
    FROM truck, LATERAL (VALUES (2, 'arrival', arrived_at),
        (3, 'entry', arrived_at + interval '40 min'), (4, 'exit', arrived_at + interval '2 hours'))
        AS steps (at_stage, kind, at)
    WHERE stage >= at_stage
    """,
    """
    INSERT INTO visit (subject, gate, direction, vehicle_class, priority, arrived_at, admitted_at,
        exited_at)
    SELECT 'PSG-' || code, '{gate}', direction, class, 'ordinary', arrived_at,
        CASE WHEN stage > 2 THEN arrived_at + interval '40 minutes' END,
        CASE WHEN stage > 3 THEN arrived_at + interval '2 hours' END
    FROM truck WHERE stage > 1
    """,
    """
    INSERT INTO throughput_window (gate, direction, lane, window_start, arrivals, entries, exits,
        refusals, revision, published_revision)
    SELECT '{gate}', direction, 'X' || n % 3, date_bin('5 minutes', arrived_at, '2026-01-01'),
        count(*), count(*), count(*), 0, 1, 1
    FROM truck WHERE stage > 1 GROUP BY 2, 3, 4
    """,
    """
    INSERT INTO throughput_hour (gate, direction, hour_start, arrivals, entries, exits, refusals)
    SELECT gate, direction, date_trunc('hour', window_start), sum(arrivals), sum(entries),
        sum(exits), sum(refusals)
    FROM throughput_window GROUP BY 1, 2, 3
    """,
    f"""
    INSERT INTO charge (id, reference, state, version, gate, created_at, changed_at, subject, kind,
        payer_organisation_id, amount_minor, currency, explanation, rule_codes, parts, inputs,
        settled_at)
    SELECT charge_id, 'CHG-' || code, 'settled', 2, {_RECORD}, 'BKG-' || code,
        'infrastructure_fee', owner, 500000, 'VND', '[]', '{{{{}}}}', '[]', '{{{{}}}}', paid_at
    FROM truck
    """,
    f"""
    INSERT INTO payment (id, reference, state, version, gate, created_at, changed_at, gateway,
        amount_minor, currency, payer_organisation_id, expires_at, paid_at, late)
    SELECT payment_id, 'PAY-' || code, 'paid', 2, {_RECORD}, 'vnpay', 500000, 'VND', owner,
        made_at + interval '15 minutes', paid_at, false
    FROM truck
    """,
    "INSERT INTO payment_charge SELECT payment_id, charge_id FROM truck",
    """
    INSERT INTO journal (id, kind, idempotency_key, effective_at, created_at, gateway, provider_txn,
        payment_id, charge_id, source, booked_by, note)
    SELECT id, kind, kind || ':' || code, at, at, gateway, txn, paid_by, charge_id, '', 'filled', ''
    FROM truck, LATERAL (VALUES
        (assess_id, 'assess', made_at, NULL, NULL, NULL::uuid),
        (capture_id, 'capture', paid_at, 'vnpay', code, payment_id)
    ) AS entry (id, kind, at, gateway, txn, paid_by)
    """,
    """
    INSERT INTO posting (journal_id, line, account, amount_minor, currency, charge_id)
    SELECT entry, line, account, amount, 'VND', charge_id
    FROM truck, LATERAL (VALUES
        (assess_id, 1, 'payer_receivable', 500000),
        (assess_id, 2, 'due_to_budget:infrastructure_fee', -500000),
        (capture_id, 1, 'gateway_receivable:vnpay', 500000),
        (capture_id, 2, 'payer_receivable', -500000)
    ) AS lines (entry, line, account, amount)
    """,
    f"""
    INSERT INTO receipt (id, reference, state, version, gate, created_at, changed_at, kind,
        template, serial, year, number, issue_key, payment_id, reason, collector_name,
        collector_tax_code, collector_address, payer_organisation_id, payer_name, vehicle_plate,
        subjects, lines, total_minor, total_in_words, currency, payment_method, payment_reference,
        gateway, gateway_txn, paid_at, issued_at, lookup_code, qr_payload, law_version, renderer,
        xml, xml_sha256, cert_serial)
    SELECT {_id("paid_at", 10)}, 'RCP-' || code, 'issued', 1, {_RECORD}, 'original',
        '01BLP0-001', 'FILLED', 2026, n, payment_id, payment_id, '', 'Ban Quản lý',
        '5300000000', 'Lào Cai', owner, 'Filled', {_PLATE}, ARRAY['BKG-' || code], '[]', 500000,
        'Năm trăm nghìn đồng', 'VND', 'CK', 'PAY-' || code, 'vnpay', code, paid_at, paid_at,
        code, 'filled', '2026', 'filled', convert_to(repeat('<line/>', 100), 'UTF8'), '', 'filled'
    FROM truck
    """,
    """
    INSERT INTO answered (caller, key, fingerprint, status, body, kept_at)
    SELECT 'filled:' || owner, step || code, sha256(convert_to(code, 'UTF8')), 201,
        convert_to(repeat(md5(code), 40), 'UTF8'), made_at
    FROM truck, unnest(ARRAY['lodge', 'book', 'pay']) AS step
    WHERE made_at > now() - interval '3 days'
    """,
    # Numbers of transactions that are over, in the order in which things happened.
    f"""
    INSERT INTO event (xid, id, type, gate, subject, key, version, happened_at, actor, payload,
        private, recorded_at, request_id, actor_kind)
    SELECT (3 + row_number() OVER (ORDER BY at) * (pg_current_xact_id()::text::bigint - 4)
            / (5 * $1::bigint))::text::xid8,
        {_id("at", 11)}, type, '{{gate}}', subject || code, record || code, version, at,
        'gate@filled', jsonb_build_object('state', state, 'at', at, 'direction', direction,
            'gate_lane', 'X1', 'priority', 'ordinary', 'vehicle_class', class,
            'booking', 'BKG-' || code),
        '{{{{}}}}', at, 'filled', 'person'
    FROM truck, LATERAL (VALUES
        (1, 1, 'declaration.lodge', 'registered', 'DEC-', 'DEC-', made_at),
        (1, 1, CASE WHEN n % 1000 = 0 THEN 'booking.late_cancel' ELSE 'booking.hold' END, 'held',
            'BKG-', 'BKG-', made_at + interval '1 minute'),
        (2, 2, 'passage.arrive', 'arrived', 'PSG-', 'BKG-', arrived_at),
        (3, 3, 'passage.admit', 'in_zone', 'PSG-', 'BKG-', arrived_at + interval '40 minutes'),
        (4, 4, 'passage.exit', 'exited', 'PSG-', 'BKG-', arrived_at + interval '2 hours')
    ) AS steps (at_stage, version, type, state, subject, record, at)
    WHERE stage >= at_stage ORDER BY at
    """,
    "DROP TABLE truck",
)


async def fill(connection: asyncpg.Connection, trucks: int) -> None:
    """Write what so many trucks left behind, and let the database look at it.

    writes: every table named above, in one transaction.
    """
    async with connection.transaction():
        # What each row refers to is written beside it; to look every one up takes twice as long.
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("SET LOCAL jit = off")
        for statement in _ROWS:
            written = statement.replace("$1", str(trucks)).replace("$2", str(PER_DAY))
            await connection.execute(written.format(gate=GATE))
        # A slip is looked up by a reference with a true check character.
        valid = await connection.fetch("SELECT id FROM slip WHERE valid_until > now()")
        references = [(row["id"], new_reference("SLP")) for row in valid]
        await connection.executemany("UPDATE slip SET reference = $2 WHERE id = $1", references)
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
