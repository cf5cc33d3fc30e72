r"""Recognisers of personal data as it is written in Hong Kong, in English, Chinese and both mixed.

A recogniser is a bounded pattern with a check behind it: a check digit, a published plan, a list, or the words around. None
uses `\b`, which sees no border between a digit and a Han character; offsets are those of the text as given.
"""

from __future__ import annotations

from dualtrack.runtime.guards.personal.forms import KINDS, Found
from dualtrack.runtime.guards.personal.scanning import Scanner, redact, scan
from dualtrack.runtime.guards.personal.tables import read_clearing_codes

__all__ = ["KINDS", "Found", "Scanner", "read_clearing_codes", "redact", "scan"]
