"""How much of a document is read, and the one way of refusing one."""

from __future__ import annotations

__all__ = [
    "BYTES_MAX",
    "CHARS_MAX",
    "CPU_SECONDS_MAX",
    "MEMORY_BYTES_MAX",
    "OCR_CPU_SECONDS_MAX",
    "OCR_MEMORY_BYTES_MAX",
    "OCR_PAGES_MAX",
    "OCR_SECONDS_MAX",
    "PAGES_MAX",
    "SECONDS_MAX",
]

BYTES_MAX = 128 * 2**20
"""Largest file. Printed annual reports with photographs are 5 to 60 MB."""

PAGES_MAX = 2_000
"""Most pages. The longest prospectuses have some 1,200; more is a set of documents."""

CHARS_MAX = 30_000_000
"""Most characters of text: 2,000 pages at 15,000, several times what a page of small print holds."""

MEMORY_BYTES_MAX = 2 * 2**30
"""Address space of the reader: a file of BYTES_MAX and its pages, one at a time, and what is read of them."""

CPU_SECONDS_MAX = 120
"""Processor time of the reader: 2,000 pages at 60 ms, ten times what was measured."""

SECONDS_MAX = 300
"""What CPU_SECONDS_MAX may take on a busy machine."""

OCR_PAGES_MAX = 40
"""Most pages of a document that are read from pictures: somebody waits for it, and a page takes some 6 s of a processor."""

OCR_CPU_SECONDS_MAX = 400
"""Processor time of that reader: OCR_PAGES_MAX at 10 s."""

OCR_SECONDS_MAX = 900
"""What OCR_CPU_SECONDS_MAX may take on a busy machine."""

OCR_MEMORY_BYTES_MAX = 4 * 2**30
"""Address space of that reader: its libraries map more than they use; 0.6 GiB were in use on a page of A4."""
