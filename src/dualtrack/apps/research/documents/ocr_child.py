"""The reader of pages that are pictures, run as a program of its own: a PDF on standard input, words with places and how sure it is out as JSON.

Under limits, like the reader of text, and importing nothing of ours. The models are files of the installed package; it asks no network, and onnxruntime is told to send nothing.
Arguments: most characters, memory in bytes, seconds, pages from 1 as JSON. Answer: `{"pages": [[number, width, height, words]]}`, words as
`[text, left, top, right, bottom, sure, parts]` in tenths of a point from the top left of the page as it is seen, `sure` in thousandths, `parts`
what stands between blanks as `[text, left, right]`: blanks that are read, and gaps that are seen where none is. Or `{"error": "broken" | "too-much", "page": n, "says": words}`.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypdfium2 as pdfium

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["main"]

_SCALE = 2.0
"""Pixels a point: 144 dots an inch, at which small print has letters of 14 pixels; twice as many take four times the time."""

_SIDE_MAX = 3_500
"""Longest side in pixels: A3 at 200 dots an inch; a page may claim to be kilometres long."""

_NOISE_LEAST = 0.2
"""Standard deviation of grey levels from which a scan is smoothed; a printed page has 0."""

_STRENGTH = 25.0
"""How different patches may be, in grey levels, to be averaged: 15 to 25 read noisy scans best, at 35 strokes of small print go."""

_PATCH, _WINDOW = 5, 11
"""Sides in pixels of the patches that are compared and of where alike ones are sought: a stroke, and a letter of small print."""

_APART = 0.9
"""Gap in widths of a letter from which two stand apart: between digits of a number it is a third, between two columns at least one."""

_Seen = tuple[str, tuple[float, float, float, float], float, list[tuple[str, float, float]]]
"""Text, box in pixels, how sure, parts."""

_MODELS = {
    "Det.model_path": "PP-OCRv6_det_small.onnx",
    "Rec.model_path": "PP-OCRv6_rec_small.onnx",
}
"""Files of the package, named so that a missing one is an error and nothing is fetched."""


def main() -> None:
    """Read some pages of one file from standard input and print the words on them."""
    chars_max, memory, seconds = (int(text) for text in sys.argv[1:4])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    answer = _read(sys.stdin.buffer.read(), json.loads(sys.argv[4]), chars_max)
    sys.stdout.buffer.write(json.dumps(answer, separators=(",", ":")).encode())


def _read(data: bytes, numbers: list[int], chars_max: int) -> dict[str, object]:
    recognise = _recogniser()
    pages: list[object] = []
    chars = 0
    try:
        pdf = pdfium.PdfDocument(data)
        for number in numbers:
            page = pdf[number - 1]
            width, height = page.get_size()
            scale = min(_SCALE, _SIDE_MAX / max(width, height))
            picture = page.render(scale=scale, rev_byteorder=False, prefer_bgrx=False, may_draw_forms=False).to_numpy()
            words = [
                [
                    *(text, *(round(each / scale * 10) for each in box), round(sure * 1000)),
                    [[part, round(left / scale * 10), round(right / scale * 10)] for part, left, right in parts],
                ]
                for text, box, sure, parts in recognise(picture)
            ]
            chars += sum(len(str(word[0])) for word in words)
            if chars > chars_max:
                return {"error": "too-much", "page": number, "says": f"more than {chars_max:,} characters"}
            pages.append([number, round(width * 10), round(height * 10), words])
    except (pdfium.PdfiumError, IndexError, ValueError, OverflowError) as error:
        return {"error": "broken", "page": 0, "says": str(error)}
    return {"pages": pages}


def _recogniser() -> Callable[[Any], list[_Seen]]:
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read by onnxruntime, which else reports its use to its maker
    cv2, rapidocr = import_module("cv2"), import_module("rapidocr")  # after the limits are set
    cv2.setNumThreads(1)
    folder = Path(str(rapidocr.__file__)).parent / "models"
    threads = {f"EngineConfig.onnxruntime.{name}_op_num_threads": 1 for name in ("intra", "inter")}
    models = {name: str(folder / file) for name, file in _MODELS.items()}
    engine = rapidocr.RapidOCR(params={**threads, **models, "Global.log_level": "error", "Global.use_cls": False})

    def recognise(picture: Any) -> list[_Seen]:  # noqa: ANN401 - an array
        grey = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)  # noqa: PLR2004 - rows and columns
        colours = cv2.cvtColor(_smooth(cv2, grey), cv2.COLOR_GRAY2BGR)
        found = engine(colours, return_word_box=True, return_single_char_box=True)
        if found.txts is None:
            return []
        boxes = [
            (float(box[:, 0].min()), float(box[:, 1].min()), float(box[:, 0].max()), float(box[:, 1].max()))
            for box in found.boxes
        ]
        return [
            (str(text).strip(), box, float(sure), _parts(str(text), letters))
            for text, box, sure, letters in zip(found.txts, boxes, found.scores, found.word_results, strict=True)
            if str(text).strip()
        ]

    return recognise


def _parts(text: str, letters: Any) -> list[tuple[str, float, float]]:  # noqa: ANN401 - (letter, sure, corners) of each, without blanks
    """Return what stands between blanks and gaps with its left and right; nothing where letters and text do not agree."""
    placed = [(str(letter), float(corners[0][0]), float(corners[1][0])) for letter, _, corners in letters]
    if "".join(letter for letter, _, _ in placed) != "".join(text.split()) or not placed:
        return []
    wide = sorted(right - left for _, left, right in placed)[len(placed) // 2] * _APART
    ends, length = set(), 0
    for part in text.split():
        length += len(part)
        ends.add(length)
    parts = [placed[0]]
    for at, (letter, left, right) in enumerate(placed[1:], 1):
        before, start, end = parts[-1]
        if at in ends or left - end > wide:
            parts.append((letter, left, right))
        else:
            parts[-1] = (before + letter, start, right)
    return parts


def _smooth(cv2: Any, grey: Any) -> Any:  # noqa: ANN401 - a module and arrays
    """Return a picture without the noise of a scanner, under which commas are read as points; a clean one as it is.

    By non-local means (Buades, Coll and Morel, CVPR 2005). Noise is told by Immerkær's operator (Computer Vision and Image Understanding
    64, 1996), to which it answers six times as widely; by the median, since letters answer it too.
    """
    numpy = import_module("numpy")
    operator = numpy.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], dtype=numpy.float32)
    answers = numpy.abs(cv2.filter2D(grey, cv2.CV_32F, operator))
    noise = float(numpy.median(answers)) / 0.6745 / 6
    if noise < _NOISE_LEAST:
        return grey
    return cv2.fastNlMeansDenoising(grey, None, _STRENGTH, _PATCH, _WINDOW)


if __name__ == "__main__":
    main()
