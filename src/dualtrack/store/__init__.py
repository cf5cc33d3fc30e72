"""Store: where entries, their tiles, heads and sealed contents are kept, on SQLite or PostgreSQL.

One writer per ledger, durable before it is acknowledged; everything that says "now" is a projection that can be rebuilt.
Workspaces, compartments, vault, verification, backup and self-examination live here; start at `store.Store.open`.
"""
