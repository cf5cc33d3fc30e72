"""Alembic revisions of the store's schema, run by `dualtrack.store.migrate`."""
