"""Every table of the product in one place, for migrations and for the tests."""

# ruff: noqa: F401
import border.identity.tables
import border.payments.tables
import border.tables
import customs.tables
import logistics.tables
