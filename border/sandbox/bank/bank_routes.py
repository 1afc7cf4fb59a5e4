"""The bank app: scan or paste a code, look at what it says, edit it, transfer."""

import re
import secrets
from dataclasses import dataclass
from urllib.parse import quote

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, URLEncodedBody
from litestar.response import Redirect

from border.sandbox.bank.counter import LARGEST_VND
from border.sandbox.bank.emv import CodeRefused, ScannedCode, read_code
from border.sandbox.bank.way import PAY, TROUBLE_WAYS, WAYS
from border.sandbox.desk import Desk
from border.sandbox.pages import page
from border.sandbox.words import language_of

_PATH = "/bank"
_LONGEST_MEMO = 140


@dataclass
class TransferForm:
    """The app's page with its button pressed; `payload` is the code as scanned."""

    form: str
    payload: str
    amount: str
    memo: str
    way: str
    lang: str = ""


@dataclass(frozen=True)
class TransferDraft:
    """A transfer as it stands in the app's fields, and what is wrong with it."""

    payload: str
    code: ScannedCode
    amount: str
    memo: str
    mistake: str = ""


@get(_PATH)
async def show_bank_app(
    desk: NamedDependency[Desk],
    payload: FromQuery[str | None] = None,
    lang: FromQuery[str | None] = None,
) -> Response[str]:
    """Show the field for a code, or the transfer that the given code asks for."""
    language = language_of(lang)
    if payload is None:
        return _scan_page(language)
    try:
        code = read_code(payload)
    except CodeRefused as refused:
        return _scan_page(language, payload, refused)
    amount = "" if code.amount_vnd is None else str(code.amount_vnd)
    return _transfer_page(desk, language, TransferDraft(payload.strip(), code, amount, code.memo))


@post(f"{_PATH}/transfer")
async def transfer(
    desk: NamedDependency[Desk], data: URLEncodedBody[TransferForm]
) -> Response[str] | Redirect:
    """Make the transfer and lead to its receipt; a wrong field leads back to the page."""
    language = language_of(data.lang)
    try:
        code = read_code(data.payload)
    except CodeRefused as refused:
        return _scan_page(language, data.payload, refused)
    way, amount_vnd = WAYS.get(data.way), read_amount(data.amount)
    memo = " ".join(data.memo.split())[:_LONGEST_MEMO]
    if way is None or not data.form:
        return _scan_page(language, data.payload, CodeRefused("code_empty"))
    if amount_vnd is None or not 0 < amount_vnd + way.differs_by_vnd <= LARGEST_VND:
        draft = TransferDraft(data.payload, code, data.amount, data.memo, mistake="amount_wrong")
        return _transfer_page(desk, language, draft)
    made = desk.bank.pay(data.form, code, amount_vnd, memo, way)
    return Redirect(f"{_PATH}/transfers/{made[0].reference}?lang={language}", status_code=303)


@get(_PATH + "/transfers/{reference:str}")
async def show_receipt(
    reference: FromPath[str], desk: NamedDependency[Desk], lang: FromQuery[str | None] = None
) -> Response[str]:
    """Show what was transferred, under which references, and whether the merchant is told."""
    found = desk.books.transfers.by_reference(reference)
    if found is None or not found.form:
        return _scan_page(language_of(lang), "", CodeRefused("transfer_unknown"), status_code=404)
    return page(
        "bank_receipt.html",
        language_of(lang),
        language_link="?",
        sign="bank_title",
        accounts=[desk.bank.account(one) for one in desk.books.transfers.of_form(found.form)],
        at=desk.clock.now(),
    )


def read_amount(written: str) -> int | None:
    """Return the VND a person wrote, with or without grouping; None for anything else."""
    digits = re.sub(r"[\s.,]", "", written)
    if not re.fullmatch(r"[0-9]{1,12}", digits) or int(digits) == 0:
        return None
    return int(digits)


def _scan_page(
    language: str,
    payload: str = "",
    refused: CodeRefused | None = None,
    *,
    status_code: int = 422,
) -> Response[str]:
    return page(
        "bank_scan.html",
        language,
        status_code=status_code if refused else 200,
        language_link="?",
        sign="bank_title",
        payload=payload,
        reason=refused.reason if refused else "",
        detail=str(refused) if refused else "",
    )


def _transfer_page(desk: Desk, language: str, draft: TransferDraft) -> Response[str]:
    return page(
        "bank_transfer.html",
        language,
        status_code=422 if draft.mistake else 200,
        language_link=f"{_PATH}?payload={quote(draft.payload, safe='')}&",
        sign="bank_title",
        draft=draft,
        form=secrets.token_urlsafe(18),
        is_merchants=desk.bank.is_merchants(draft.code),
        merchant_name=desk.config.merchant_name,
        plain=PAY,
        trouble=TROUBLE_WAYS,
    )
