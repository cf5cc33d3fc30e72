"""Dualtrack computes permits for uses of AI in Hong Kong finance from signed evidence and cited rules.

Every verdict is a pure function of logged entries, so an outsider can recompute it; see docs/assessment.md.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
