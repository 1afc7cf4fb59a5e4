"""The office that issues receipts, as the operator configured it.

A demonstration signs with a certificate of its own making, marked as such. In production receipts
wait until a key and a certificate are configured: payments go on, and once they are, the worker
issues what is missing.
"""

from collections.abc import Sequence
from pathlib import Path

from border.payments.receipts.receipt import Collector, Speech
from border.payments.receipts.receipt_service import Office, PlatesOf
from border.payments.receipts.renderers import CURRENT
from border.payments.receipts.signing import ReceiptSigner, demo_signer

DEMO_COLLECTOR = Collector(
    "Ban Quản lý Khu kinh tế tỉnh Lào Cai (MÔ PHỎNG)", "0000000000", "Lào Cai (mô phỏng)"
)
"""Who collects in a demonstration; no tax code is anybody's that has only zeros."""


def open_office(
    *,
    demo: bool,
    data_dir: Path,
    base_url: str,
    speech: Speech,
    plates_of: PlatesOf,
    collector: Collector | None = None,
    key_file: Path | None = None,
    cert_file: Path | None = None,
    older_cert_files: Sequence[Path] = (),
    template: str = "01BLP0-001",
    letters: str = "LC",
    last_number: int = 9_999_999,
) -> Office | None:
    """Return the office, or None where production has no key, no certificate or no collector yet.

    Raises ValueError for a key and a certificate that cannot sign receipts, and OSError where
    they cannot be read. writes: the demonstration's key, once.
    """
    if demo:
        signer, collector = demo_signer(data_dir), collector or DEMO_COLLECTOR
    elif key_file and cert_file and collector:
        older = [path.read_bytes() for path in older_cert_files]
        signer = ReceiptSigner(key_file.read_bytes(), cert_file.read_bytes(), older)
    else:
        return None
    return Office(
        collector=collector,
        signer=signer,
        speech=speech,
        base_url=base_url,
        renderers=CURRENT,
        template=template,
        letters=letters,
        last_number=last_number,
        plates_of=plates_of,
    )
