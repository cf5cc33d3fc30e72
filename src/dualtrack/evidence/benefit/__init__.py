"""Does it help: effects against a measured baseline, cost, minutes and energy, and when a comparison may stop.

Every effect names its design; a before-after comparison never passes for an experiment.
Sizes worth having and margins are the plan's, never this room's.
"""

from __future__ import annotations

__all__: list[str] = []
