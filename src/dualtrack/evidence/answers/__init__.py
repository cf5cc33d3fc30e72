"""How good a language model's answers are, measured without asking another model: exact, numeric, cited, supported by passages.

Texts are read here and never kept: statistics hold counts only.
"""

from __future__ import annotations

__all__: list[str] = []
