"""Documents made by hand for the tests of sources: PDF files byte by byte, Word files and their parts."""

from __future__ import annotations

import io
import zipfile

import docx

ABOUT = b'owner: client-desk\nversion: "1"\nvalid_from: "2026-01-01"\ntopic: accounts\n'
HELVETICA = b"/F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> /F2 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold >>"


def pdf(*pages: bytes, chinese: str = "", more: bytes = b"") -> bytes:
    """Return a PDF of content streams with fonts F1, F2 (bold), and F3 with the letters of `chinese` as boxes, by code from 1."""
    fonts, last = HELVETICA, 3 + 2 * len(pages)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>"
        % (b" ".join(b"%d 0 R" % (3 + 2 * number) for number in range(len(pages))), len(pages)),
    ]
    if chinese:
        fonts += b" /F3 %d 0 R" % last
    for number, content in enumerate(pages):
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R /Resources << /Font << %s >> >> >>"
            % (4 + 2 * number, fonts),
            stream(content),
        ]
    if chinese:
        codes = b" ".join(b"/g%d" % code for code in range(1, len(chinese) + 1))
        procs = b" ".join(b"/g%d %d 0 R" % (code, last + 1) for code in range(1, len(chinese) + 1))
        widths = b" ".join([b"1000"] * len(chinese))
        names = "\n".join(f"<{code:02x}> <{ord(letter):04x}>" for code, letter in enumerate(chinese, 1))
        table = f"1 begincodespacerange\n<01> <ff>\nendcodespacerange\n{len(chinese)} beginbfchar\n{names}\nendbfchar"
        objects += [
            b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 1 /LastChar %d "
            b"/Widths [%s] /Encoding << /Type /Encoding /Differences [1 %s] >> /CharProcs << %s >> /ToUnicode %d 0 R >>"
            % (len(chinese), widths, codes, procs, last + 2),
            stream(b"1000 0 0 0 1000 1000 d1 100 0 600 700 re f"),
            stream(table.encode()),
        ]
    body, places = b"%PDF-1.4\n", []
    for number, found in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, found)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    end = b"trailer << /Size %d /Root 1 0 R %s>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, more, len(body))
    return body + head + table + end


def stream(content: bytes) -> bytes:
    """Return a stream object."""
    return b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content)


def line(text: str | bytes, y: int, *, font: str = "F1", size: float = 10, before: str = "0 g", x: int = 50) -> bytes:
    """Return what draws one line; bytes are codes of F3."""
    shown = text if isinstance(text, bytes) else text.encode("latin-1")
    return b"BT %s /%s %g Tf %d %d Td <%s> Tj ET\n" % (before.encode(), font.encode(), size, x, y, shown.hex().encode())


def codes(text: str, letters: str) -> bytes:
    """Return Chinese words as codes of F3."""
    return bytes(letters.index(letter) + 1 for letter in text)


def word(*parts: tuple[str, str]) -> bytes:
    """Return a Word file of (style, text)."""
    made = docx.Document()
    for style, text in parts:
        made.add_paragraph(text, style=style or None)
    return saved(made)


def saved(made) -> bytes:
    """Return the bytes of a Word file."""
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    """Return a Word file with one part put into it, or changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            if member.filename != name:
                new.writestr(member, old.read(member))
        new.writestr(name, content)
    return out.getvalue()


def part_of(data: bytes, name: str) -> bytes:
    """Return one part of a Word file."""
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return packed.read(name)
