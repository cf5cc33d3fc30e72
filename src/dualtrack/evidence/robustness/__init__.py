"""What happens when the input is a little different: noise, gaps, values out of range, other wording, another seed.

Controls that must lose (shuffled labels, a random model) show that a result is not an accident of the method.
"""

from __future__ import annotations

__all__: list[str] = []
