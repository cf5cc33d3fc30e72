"""The assurance report of a use: what was measured against what was registered, what was not, and how to compute it again.

`content` gathers records from the ledger, `view` says them in one language, and `html`, `typst` and `plain` give the three forms.
"""

from __future__ import annotations

__all__: list[str] = []
