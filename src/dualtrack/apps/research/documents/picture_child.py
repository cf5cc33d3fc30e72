"""The printer of page pictures, run as a program of its own: a PDF on standard input, a PNG on standard output.

Under limits, like the reader, and importing nothing of ours. Arguments: page from 1, pixels a point, memory in bytes, seconds, boxes
as JSON (`[[left, top, right, bottom]]` in points from the top left of the page as it is seen). Exit 3 says that the file cannot be
opened or has no such page. What is marked stays readable: only its blue is taken away, as a pen for marking does.
"""

from __future__ import annotations

import json
import math
import resource
import struct
import sys
import zlib

import pypdfium2 as pdfium

__all__ = ["main"]

_SIDE_MAX = 4_000
"""Longest side in pixels: A3 at 240 dots an inch; a page may claim to be kilometres long."""

_MARK = bytes(each * 2 // 5 for each in range(256))
"""What is left of blue under the pen."""

_EDGE = b"\x10\x60\xd0"
"""The frame of a marked cell, blue, green, red."""

_NOT_OPENED = 3


def main() -> None:
    """Print one page."""
    number, memory, seconds = int(sys.argv[1]), int(sys.argv[3]), int(sys.argv[4])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    try:
        page = pdfium.PdfDocument(sys.stdin.buffer.read())[number - 1]
    except (pdfium.PdfiumError, IndexError):
        sys.exit(_NOT_OPENED)
    scale = min(float(sys.argv[2]), _SIDE_MAX / max(page.get_size()))
    bitmap = page.render(scale=scale, rev_byteorder=False, prefer_bgrx=False, may_draw_forms=False)
    pixels = bytearray(bitmap.buffer)
    for box in json.loads(sys.argv[5]):
        _mark(pixels, bitmap, [each * scale for each in box])
    sys.stdout.buffer.write(_png(pixels, bitmap))


def _mark(pixels: bytearray, bitmap: pdfium.PdfBitmap, box: list[float]) -> None:
    """Mark a box and draw a frame of one pixel around it; what lies outside the page is cut off."""
    left, top = max(0, math.floor(box[0]) - 2), max(0, math.floor(box[1]) - 2)
    right, bottom = min(bitmap.width, math.ceil(box[2]) + 2), min(bitmap.height, math.ceil(box[3]) + 2)
    if right <= left:
        return
    size = bitmap.n_channels
    for row in range(top, bottom):
        start = row * bitmap.stride
        first, last = start + left * size, start + right * size
        pixels[first:last:size] = pixels[first:last:size].translate(_MARK)
        spans = ((first, right - left),) if row in {top, bottom - 1} else ((first, 1), (last - size, 1))
        for place, count in spans:
            pixels[place : place + count * size] = (_EDGE + b"\xff" * (size - 3)) * count


def _png(pixels: bytearray, bitmap: pdfium.PdfBitmap) -> bytes:
    """Return the picture as PNG of 8 bits a colour (ISO/IEC 15948): signature, header, data, end."""
    size, width = bitmap.n_channels, bitmap.width
    rows = []
    for row in range(bitmap.height):
        line = pixels[row * bitmap.stride : row * bitmap.stride + width * size]
        if size == 1:
            rows.append(b"\x00" + bytes(line))
            continue
        rgb = bytearray(width * 3)
        rgb[0::3], rgb[1::3], rgb[2::3] = line[2::size], line[1::size], line[0::size]
        rows.append(b"\x00" + bytes(rgb))
    header = struct.pack(">IIBBBBB", width, bitmap.height, 8, 0 if size == 1 else 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(b"".join(rows), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )


if __name__ == "__main__":
    main()
