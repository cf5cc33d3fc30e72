"""The picture of a page with cells marked: where a number of an answer is printed, seen as the reader of the report sees it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dualtrack.apps.research.documents.limits import CPU_SECONDS_MAX, MEMORY_BYTES_MAX
from dualtrack.apps.research.documents.pdf import ask_pdf_reader
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.apps.research.documents.model import Box

__all__ = ["BOXES_MAX", "render_page"]

BOXES_MAX = 200
"""Most cells marked on a page: more is no mark."""

_SCALES = (0.25, 6.0)
"""Pixels a point: from a thumbnail to 432 dots an inch."""


def render_page(data: bytes, page: int, boxes: Sequence[Box] = (), *, scale: float = 1.5, where: str = "PDF") -> bytes:
    """Return page `page` (from 1) as PNG with the boxes marked; raises DocumentError, or FieldError for what is asked wrongly."""
    if page < 1 or len(boxes) > BOXES_MAX or not _SCALES[0] <= scale <= _SCALES[1]:
        raise FieldError(
            f"page {page}, {len(boxes)} boxes, scale {scale}",
            where=where,
            expected=f"a page from 1, at most {BOXES_MAX} boxes, a scale from {_SCALES[0]} to {_SCALES[1]}",
        )
    plain = json.dumps([[round(each, 2) for each in box] for box in boxes])
    arguments = [str(page), str(scale), str(MEMORY_BYTES_MAX), str(CPU_SECONDS_MAX), plain]
    return ask_pdf_reader("picture_child.py", arguments, data, f"{where}, page {page}")
