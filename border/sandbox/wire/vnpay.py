"""How VNPAY 2.1.0 writes and signs its messages, seen from VNPAY's side.

Two kinds of message: a query string (pay page, return, callback), signed over its sorted and
form-encoded pairs, and a JSON object (query, refund), signed over bare values in a fixed order.
Nothing here knows an order, a clock or a network.

source: VNPAY PAY 2.1.0 documentation, "Thanh toán PAY" and "Truy vấn và hoàn tiền".
"""

import hmac
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus, unquote_to_bytes

HASH_FIELD = "vnp_SecureHash"
_NEVER_SIGNED = frozenset({HASH_FIELD, "vnp_SecureHashType"})

QUERYDR_REQUEST = (
    "vnp_RequestId", "vnp_Version", "vnp_Command", "vnp_TmnCode", "vnp_TxnRef",
    "vnp_TransactionDate", "vnp_CreateDate", "vnp_IpAddr", "vnp_OrderInfo",
)  # fmt: skip
QUERYDR_ANSWER = (
    "vnp_ResponseId", "vnp_Command", "vnp_ResponseCode", "vnp_Message", "vnp_TmnCode",
    "vnp_TxnRef", "vnp_Amount", "vnp_BankCode", "vnp_PayDate", "vnp_TransactionNo",
    "vnp_TransactionType", "vnp_TransactionStatus", "vnp_OrderInfo", "vnp_PromotionCode",
    "vnp_PromotionAmount",
)  # fmt: skip
REFUND_REQUEST = (
    "vnp_RequestId", "vnp_Version", "vnp_Command", "vnp_TmnCode", "vnp_TransactionType",
    "vnp_TxnRef", "vnp_Amount", "vnp_TransactionNo", "vnp_TransactionDate", "vnp_CreateBy",
    "vnp_CreateDate", "vnp_IpAddr", "vnp_OrderInfo",
)  # fmt: skip
REFUND_ANSWER = QUERYDR_ANSWER[:-2]
"""The order in which the values of each JSON message are joined before signing."""


class MalformedQuery(ValueError):
    """A query string with a repeated name, or with escapes that are not UTF-8."""


def hmac_sha512(message: str | bytes, secret: str) -> str:
    """Return the lower-case hexadecimal HMAC-SHA512 of `message` under `secret`."""
    message_bytes = message.encode() if isinstance(message, str) else message
    return hmac.new(secret.encode(), message_bytes, "sha512").hexdigest()


def canonical(params: Mapping[str, str]) -> str:
    """Return the string that is signed for `params`: sorted, form-encoded, empty values dropped."""
    return "&".join(
        f"{quote_plus(name)}={quote_plus(value)}"
        for name, value in sorted(params.items())
        if value and name not in _NEVER_SIGNED
    )


def sign_query(params: Mapping[str, str], secret: str) -> str:
    """Return the query string of `params` with its signature at the end."""
    signed = canonical(params)
    return f"{signed}&{HASH_FIELD}={hmac_sha512(signed, secret)}"


def read_query(raw: bytes) -> dict[str, str]:
    """Return the parameters of the query string `raw`, decoded.

    refuses: MalformedQuery, because a repeated name would let the signer and the reader
    look at different values.
    """
    params: dict[str, str] = {}
    for name_bytes, value_bytes in _pairs(raw):
        name, value = _decode(name_bytes), _decode(value_bytes)
        if name in params:
            raise MalformedQuery(f"{name} is given twice")
        params[name] = value
    return params


def query_is_signed(raw: bytes, secret: str) -> bool:
    """Tell whether `raw` carries a valid signature of its own `vnp_` parameters.

    The signature may cover the pairs exactly as received, or as re-encoded here: encoders
    disagree about a few characters, and both readings need the secret.
    """
    params = {name: text for name, text in read_query(raw).items() if name.startswith("vnp_")}
    received = b"&".join(
        name + b"=" + value
        for name, value in sorted(_pairs(raw))
        if value and name.startswith(b"vnp_") and name.decode("latin-1") not in _NEVER_SIGNED
    )
    claimed = params.get(HASH_FIELD, "")
    as_received = same_hash(hmac_sha512(received, secret), claimed)
    as_encoded_here = same_hash(hmac_sha512(canonical(params), secret), claimed)
    return as_received or as_encoded_here


def hash_of_fields(order: Sequence[str], message: Mapping[str, str], secret: str) -> str:
    """Return the signature of a JSON message: its values, in `order`, joined by `|`."""
    return hmac_sha512("|".join(message.get(name, "") for name in order), secret)


def fields_are_signed(order: Sequence[str], message: Mapping[str, str], secret: str) -> bool:
    """Tell whether the JSON message carries a valid signature of its values in `order`."""
    return same_hash(hash_of_fields(order, message, secret), message.get(HASH_FIELD, ""))


def same_hash(expected: str, claimed: str) -> bool:
    """Compare two hexadecimal signatures without telling by time where they differ."""
    return hmac.compare_digest(expected.lower().encode(), claimed.lower().encode())


def _pairs(raw: bytes) -> list[tuple[bytes, bytes]]:
    split = (piece.partition(b"=") for piece in raw.split(b"&") if piece)
    return [(name, value) for name, _, value in split]


def _decode(escaped: bytes) -> str:
    try:
        return unquote_to_bytes(escaped.replace(b"+", b" ")).decode()
    except UnicodeDecodeError as broken:
        raise MalformedQuery("the query string is not UTF-8") from broken
