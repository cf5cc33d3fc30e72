"""The `dualtrack` command: reads arguments, calls the rooms above, renders results and errors. No rules live here.

Every command has an example in its help and `--json`; bad input ends with exit code 2 and a sentence that says what to do.
"""

from __future__ import annotations

from dualtrack.cli.app import main

__all__ = ["main"]
