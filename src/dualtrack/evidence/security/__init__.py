"""What an attacker gets: membership inference, planted canaries, prompt injection on a declared set of attacks."""

from __future__ import annotations

__all__: list[str] = []
