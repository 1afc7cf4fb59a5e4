"""Every table of the product in one place, for migrations and for the tests."""

# ruff: noqa: F401
import border.identity.tables
import border.payments.desk.tables
import border.payments.exceptions.tables
import border.payments.ledger.tables
import border.payments.receipts.tables
import border.payments.reconciliation.tables
import border.payments.refunds.tables
import border.payments.tables
import border.payments.tariffs.tables
import border.tables
import customs.tables
import logistics.tables
