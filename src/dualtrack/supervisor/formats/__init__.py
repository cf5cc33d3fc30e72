"""One use's release in the formats of others: CycloneDX (parts and model card), OSCAL (assessment results), OpenLineage (runs).

Each is a pure function of `case.ExportCase`, so the same ledger gives the same bytes. What a format cannot say is listed in
docs/formats.md; nothing here ever says that a firm complies with anything.
"""

from __future__ import annotations

__all__: list[str] = []
