"""The governed path: gate, guards, upstreams, decisions and their records, review, hold, receipts, replay.

Nothing runs here without a live permit for exactly that release; when in doubt it refuses. No database is read on the
way of a call: a compiled snapshot with a lease of at most a second decides.
"""
