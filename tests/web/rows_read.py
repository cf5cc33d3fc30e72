"""What a piece of work takes out of the database: its reading statements are run a second time and their rows kept."""

from __future__ import annotations

import threading
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine


@contextmanager
def rows_read(backend):
    """Collect, as text, every row that this thread reads within; other threads, as the runtime's, read what they want."""
    asked, me, rows = [], threading.get_ident(), []

    def note(_connection, _cursor, statement, parameters, _context, _many):
        if threading.get_ident() == me and statement.lstrip().upper().startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(Engine, "after_cursor_execute", note)
    try:
        yield rows
    finally:
        event.remove(Engine, "after_cursor_execute", note)
    with backend.read() as connection:
        for statement, parameters in asked:
            rows += [str(tuple(row)) for row in connection.exec_driver_sql(statement, parameters)]
