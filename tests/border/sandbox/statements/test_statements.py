"""The day's statements: what they list, what is paid out, and their totals."""

import base64
import csv
import io
from datetime import date, timedelta

import pytest

from border.sandbox.wire.vnpay import REFUND_REQUEST

BANK_CODE = (
    "00020101021238540010A00000072701240006970436011010175956000208QRIBFTTA5303704540720000005802VN"
    "62430114LC2026000123A10821PHI HT LC2026000123A163040D0E"
)


def _of(day: str) -> str:
    return f"?day={day}" if day else ""


async def rows(gateway, name: str, day: str = "") -> list[dict[str, str]]:
    """Return a gateway's lines, having checked the total at the end."""
    answer = await gateway.http.get(f"/sandbox/statements/{name}.csv{_of(day)}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    *lines, total = answer.text.splitlines()
    read = list(csv.DictReader(io.StringIO("\n".join(lines))))
    assert total == f"#total,{len(read)},{sum(int(row['amount']) for row in read)}"
    return read


async def bank(gateway, day: str = "") -> list[list[str]]:
    """Return the bank's lines, having checked header and trailer."""
    answer = await gateway.http.get(f"/sandbox/statements/bank.txt{_of(day)}")
    assert answer.status_code == 200
    header, *lines, trailer = [row.split("|") for row in answer.text.splitlines()]
    came = sum(int(line[4]) for line in lines if line[3] == "C")
    went = sum(int(line[4]) for line in lines if line[3] == "D")
    assert header[:2] == ["H", "1017595600"]
    assert header[3:] == [str(len(lines)), str(came), str(went)]
    assert trailer == ["T", str(len(lines))]
    assert [line[:2] for line in lines] == [["D", str(n + 1)] for n in range(len(lines))]
    return lines


async def transfer(gateway, form: str = "f", **fields: str) -> str:
    done = await gateway.http.post(
        "/bank/transfer",
        data={
            "form": form,
            "payload": BANK_CODE,
            "amount": "2000000",
            "memo": "PHI HT LC2026000123A1",
            "way": "transfer",
        }
        | fields,
    )
    return done.headers["location"].split("/")[-1].split("?")[0]


async def deed(gateway, path: str, **fields: str):
    page = await gateway.http.get("/sandbox?lang=en")
    token = page.text.split('name="operator_token" value="')[1].split('"')[0]
    return await gateway.http.post(path, data={"operator_token": token, "lang": "en"} | fields)


async def refund(gateway, amount: str = "50000000") -> dict[str, str]:
    return await gateway.ask(
        REFUND_REQUEST,
        vnp_RequestId="r1",
        vnp_Command="refund",
        vnp_TransactionType="03",
        vnp_Amount=amount,
        vnp_TransactionNo="15000001",
        vnp_CreateBy="cashier01",
        vnp_OrderInfo="Hoan phi",
    )


@pytest.mark.parametrize("name", ["vnpay", "vietqr", "portal"])
async def test_a_day_without_anything_has_a_header_and_a_total(gateway, name: str) -> None:
    answer = await gateway.http.get(f"/sandbox/statements/{name}.csv?day=2026-11-22")
    assert answer.text == (
        "transaction_no,type,reference,amount,fee,currency,happened_at,memo\n#total,0,0\n"
    )


async def test_a_payment_stands_there_with_its_fee_rounded_down(gateway) -> None:
    await gateway.choose("pay", vnp_Amount="12345600")
    await gateway.choose("cancel", vnp_TxnRef="FAILED")
    assert await rows(gateway, "vnpay") == [
        {
            "transaction_no": "15000001",
            "type": "payment",
            "reference": "LC2026000123A1",
            "amount": "123456",
            "fee": "1086",
            "currency": "VND",
            "happened_at": "2026-11-22T09:30:00+07:00",
            "memo": "Phi ha tang cua khau LC-2026-000123",
        }
    ]


async def test_a_refund_stands_there_once_the_bank_has_it_and_never_when_rejected(gateway) -> None:
    await gateway.choose("pay")
    await refund(gateway)
    assert [row["type"] for row in await rows(gateway, "vnpay")] == ["payment"]
    gateway.clock.advance(gateway.config.refund_takes)
    assert [(row["type"], row["amount"]) for row in await rows(gateway, "vnpay")] == [
        ("payment", "2000000"),
        ("refund", "500000"),
    ]


async def test_a_rejected_refund_moves_no_money(gateway) -> None:
    await gateway.http.post("/sandbox/faults", json={"refund_ends": "09"})
    await gateway.choose("pay")
    await refund(gateway)
    gateway.clock.advance(timedelta(minutes=1))
    assert [row["type"] for row in await rows(gateway, "vnpay")] == ["payment"]


async def test_a_day_is_the_gates(gateway) -> None:
    gateway.clock.advance(timedelta(hours=14, minutes=29))  # 23:59 at the gate, 16:59 UTC
    await transfer(gateway, "before")
    gateway.clock.advance(timedelta(minutes=2))
    await transfer(gateway, "after")
    for day in ("2026-11-22", "2026-11-23"):
        assert len(await rows(gateway, "vietqr", day)) == 1
        assert len(await bank(gateway, day)) == 1
    assert await rows(gateway, "vietqr", "2026-11-24") == []


async def test_the_ended_day_is_paid_out_less_refunds_and_fees(gateway) -> None:
    await gateway.choose("pay")
    await refund(gateway)
    gateway.clock.advance(timedelta(days=1))
    *_, payout = await rows(gateway, "vnpay", "2026-11-22")
    assert (payout["type"], payout["transaction_no"]) == ("payout", "POVNPAY000001")
    assert (payout["amount"], payout["fee"]) == ("1482400", "17600")
    assert payout["happened_at"] == "2026-11-22T23:59:59+07:00"
    (line,) = await bank(gateway, "2026-11-22")
    assert line[2:6] == ["20261122235959", "C", "1482400", "POVNPAY000001"]
    assert await rows(gateway, "vnpay", "2026-11-23") == []


async def test_a_payout_asked_for_comes_at_once_and_the_days_end_pays_the_rest(gateway) -> None:
    await gateway.choose("pay")
    paid = await deed(gateway, "/sandbox/payouts")
    assert paid.headers["location"].endswith("done=paid_out")
    nothing = await deed(gateway, "/sandbox/payouts")
    assert nothing.headers["location"].endswith("done=nothing_to_pay_out")
    gateway.clock.advance(timedelta(hours=1))
    await gateway.choose("pay", vnp_TxnRef="LC2")
    gateway.clock.advance(timedelta(days=1))
    payouts = [row for row in await rows(gateway, "vnpay", "2026-11-22") if row["type"] == "payout"]
    assert [row["amount"] for row in payouts] == ["1982400", "1982400"]


async def test_refunds_above_the_takings_wait_for_a_day_that_covers_them(gateway) -> None:
    await gateway.choose("pay")
    await deed(gateway, "/sandbox/payouts")
    gateway.clock.advance(timedelta(hours=1))
    await refund(gateway, "150000000")
    gateway.clock.advance(timedelta(days=1))
    assert len(await rows(gateway, "vnpay", "2026-11-22")) == 3
    await gateway.choose("pay", vnp_TxnRef="LC2")
    gateway.clock.advance(timedelta(days=1))
    *_, payout = await rows(gateway, "vnpay", "2026-11-23")
    assert (payout["type"], payout["amount"]) == ("payout", str(2_000_000 - 17_600 - 1_500_000))


async def test_a_statement_asked_for_twice_is_the_same(gateway) -> None:
    await gateway.choose("pay")
    gateway.clock.advance(timedelta(days=1))
    first = await rows(gateway, "vnpay", "2026-11-22")
    gateway.clock.advance(timedelta(days=40))
    assert await rows(gateway, "vnpay", "2026-11-22") == first


async def test_money_by_vietqr_is_in_the_bank_at_once(gateway) -> None:
    reference = await transfer(gateway)
    (line,) = await bank(gateway)
    assert line[2:] == ["20261122093000", "C", "2000000", reference, "PHI HT LC2026000123A1"]
    (row,) = await rows(gateway, "vietqr")
    assert (row["transaction_no"], row["type"], row["fee"]) == (reference, "payment", "0")


async def test_a_transfer_nobody_is_told_of_is_there_and_a_later_one_not_yet(
    gateway,
) -> None:
    await transfer(gateway, "a", way="statement_only")
    await transfer(gateway, "b", way="transfer_later")
    assert len(await bank(gateway)) == 1
    gateway.clock.advance(timedelta(minutes=20))
    assert len(await bank(gateway)) == 2


async def test_a_bar_in_a_memo_does_not_make_a_field(gateway) -> None:
    await transfer(gateway, memo="a|b")
    (line,) = await bank(gateway)
    assert line[6:] == ["a b"]


async def test_a_comma_in_a_memo_does_not_make_a_column(gateway) -> None:
    await transfer(gateway, memo='phi, "hang" hoa')
    (row,) = await rows(gateway, "vietqr")
    assert row["memo"] == 'phi, "hang" hoa'


async def test_money_sent_back_is_a_debit_and_a_refund_once(gateway) -> None:
    reference = await transfer(gateway)
    sent = await deed(gateway, "/sandbox/bank/send", returns=reference)
    assert sent.headers["location"].endswith("done=sent")
    again = await deed(gateway, "/sandbox/bank/send", returns=reference)
    assert again.headers["location"].endswith("done=nothing_to_refund")
    assert [line[3] for line in await bank(gateway)] == ["C", "D"]
    assert [row["type"] for row in await rows(gateway, "vietqr")] == ["payment", "refund"]


async def test_money_sent_elsewhere_is_a_debit_and_no_refund_by_vietqr(gateway) -> None:
    await deed(gateway, "/sandbox/bank/send", amount="1.500.000", memo="HOAN DVC", account="123")
    (line,) = await bank(gateway)
    assert (line[3], line[4], line[6]) == ("D", "1500000", "HOAN DVC")
    assert await rows(gateway, "vietqr") == []
    wrong = await deed(gateway, "/sandbox/bank/send", amount="much")
    assert wrong.status_code == 400
    unknown = await deed(gateway, "/sandbox/bank/send", returns="FT0")
    assert unknown.status_code == 404


async def test_a_refund_made_at_vnpay_unasked_stands_there_and_the_merchant_is_not_told(
    gateway, merchant
) -> None:
    await gateway.choose("pay")
    await merchant.called(1)
    given = await deed(gateway, "/sandbox/movements/15000001/give-back")
    assert given.headers["location"].endswith("done=refunded")
    again = await deed(gateway, "/sandbox/movements/15000001/give-back")
    assert again.headers["location"].endswith("done=nothing_to_refund")
    assert [row["type"] for row in await rows(gateway, "vnpay")] == ["payment", "refund"]
    movement = (await gateway.account())["movements"][1]
    assert (movement["kind"], movement["status"]) == ("02", "06")
    assert (await refund(gateway))["vnp_ResponseCode"] == "94"
    assert len(merchant.queries) == 1


@pytest.mark.parametrize(
    "path", ["/sandbox/payouts", "/sandbox/bank/send", "/sandbox/movements/15000001/give-back"]
)
async def test_a_form_the_page_did_not_draw_does_nothing(gateway, path: str) -> None:
    await gateway.choose("pay")
    forged = await gateway.http.post(path, data={"operator_token": "forged", "amount": "5"})
    assert forged.status_code == 403
    assert len(await rows(gateway, "vnpay")) == 1
    assert await bank(gateway) == []


@pytest.mark.parametrize("name", ["vnpay.csv", "bank.txt"])
async def test_a_file_can_be_had_in_base64(gateway, name: str) -> None:
    await gateway.choose("pay")
    plain = await gateway.http.get(f"/sandbox/statements/{name}")
    packed = await gateway.http.get(f"/sandbox/statements/{name}?encoding=base64")
    assert base64.b64decode(packed.content, validate=True) == plain.content
    assert packed.headers["content-disposition"].endswith('.b64"')


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ("desk.csv", 404),
        ("vnpay.txt", 404),
        ("vnpay.csv?day=22/11/2026", 400),
        ("vnpay.csv?encoding=zip", 400),
    ],
)
async def test_what_is_no_statement_is_refused(gateway, asked: str, status: int) -> None:
    assert (await gateway.http.get(f"/sandbox/statements/{asked}")).status_code == status


async def test_the_operators_page_lists_all_gateways_and_links_to_the_files(gateway) -> None:
    await gateway.choose("pay")
    reference = await transfer(gateway)
    for language in ("vi", "en", "zh"):
        page = await gateway.http.get(f"/sandbox?lang={language}&done=sent")
        assert page.status_code == 200
        for shown in ("LC2026000123A1", reference, "MÔ PHỎNG", "bank.txt", "portal.csv"):
            assert shown in page.text
        assert f'value="{date(2026, 11, 22)}"' in page.text
    assert "done_" not in (await gateway.http.get("/sandbox?done=<b>")).text
