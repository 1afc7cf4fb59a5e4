"""The double-entry ledger: every đồng that was owed, came in, went out or waits."""
