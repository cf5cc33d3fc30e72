"""Approved passages from the files that an operator keeps: a table, a document, a folder of documents, a saved site.

A CSV or YAML corpus says everything of itself, and so does a page of Markdown with a head between two lines of `---`. A Word file or PDF
holds a passage under each heading; what it does not say itself stands beside it (see `sources.about`), and so do the values of slots
(`NAME.values.csv`, `values.csv` in a folder). Nothing is half taken in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.service.sources.about import ABOUT_NAME, ABOUT_SUFFIX
from dualtrack.apps.service.sources.sections import FILE_BYTES_MAX
from dualtrack.apps.service.sources.site import SITEMAP_NAME
from dualtrack.apps.service.sources.taking import DOCUMENTS, FORMS, PAIR, VALUES_NAME, Taken, take_files
from dualtrack.errors import DocumentError, PathError

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.runtime.passages.corpus import Corpus

__all__ = ["FILES_MAX", "FOLDER_BYTES_MAX", "load_passages", "take_passages"]

FILES_MAX = 5_000
"""Files of one folder: 2,000 passages with what is said of each."""

FOLDER_BYTES_MAX = 200_000_000
"""Bytes of all files of a folder, read at once."""

_USE = "my-firm/service"
_SINGLE = frozenset({".csv", ".yaml", ".yml", ".md", *DOCUMENTS})
_SITE = frozenset({".html", ".htm", ".yaml", VALUES_NAME})


def load_passages(path: Path, *, use: str = _USE) -> Corpus:
    """Read passages; raises PathError, DocumentError or FieldError naming file, row and field. Nothing is half taken in."""
    return take_passages(path, use=use).corpus


def take_passages(path: Path, *, use: str = _USE) -> Taken:
    """Read passages, and say what was left out because nobody sees it in the documents; raises as `load_passages`."""
    if path.name.endswith(VALUES_NAME):
        raise PathError(
            "values of passages, and no passages",
            where=str(path),
            fix="name the passages: their values lie beside them",
        )
    if path.is_dir():
        return take_files(_folder(path), use=use, where=str(path))
    if path.suffix.lower() not in _SINGLE:
        raise PathError(f"{path.suffix or 'no ending'}", where=str(path), expected=FORMS)
    files = {path.name: _read(path)}
    beside = path.with_name(f"{path.stem}.{VALUES_NAME}")
    if beside.is_file():
        files[beside.name] = _read(beside)
    if path.suffix.lower() in DOCUMENTS:
        own = PAIR.fullmatch(path.stem)
        stem = own[1] if own else path.stem
        for other in sorted(path.parent.iterdir()) if own else ():  # fees.zh.docx is the other half of fees.en.docx
            pair = PAIR.fullmatch(other.stem)
            if pair and pair[1] == stem and other.suffix.lower() in DOCUMENTS and other.stem != path.stem:
                files[other.name] = _read(other)
        for name in (ABOUT_NAME, *(f"{each}{ABOUT_SUFFIX}" for each in (path.stem, stem, path.name))):
            if (path.parent / name).is_file():
                files[name] = _read(path.parent / name)
    return take_files(files, use=use, where=path.name)


def _folder(path: Path) -> dict[str, bytes]:
    """Return the files of a folder by their paths in it; of a site only what may be its pages, of others every file."""
    site = (path / SITEMAP_NAME).is_file()
    found: dict[str, bytes] = {}
    size = 0
    for file in sorted(path.rglob("*") if site else path.iterdir()):
        name = file.relative_to(path).as_posix()
        if file.name.startswith((".", "~$")) or (site and (file.is_dir() or not _of_site(name))):
            continue
        if file.is_dir():
            raise PathError(f"a folder in the folder: {name}", where=str(path), expected=FORMS, fix="take it out")
        if not file.resolve().is_relative_to(path.resolve()):
            raise PathError(f"{name} leads out of the folder", where=str(path), fix="put the file itself there")
        found[name] = _read(file)
        size += len(found[name])
        if len(found) > FILES_MAX or size > FOLDER_BYTES_MAX:
            raise DocumentError(
                "too much in one folder",
                where=str(path),
                expected=f"at most {FILES_MAX:,} files and {FOLDER_BYTES_MAX:,} bytes",
                fix="split it",
            )
    return found


def _of_site(name: str) -> bool:
    return name == SITEMAP_NAME or name.lower().endswith(tuple(_SITE))


def _read(path: Path) -> bytes:
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise DocumentError(
                "too large", where=path.name, expected=f"at most {FILE_BYTES_MAX:,} bytes", fix="split it"
            )
        return path.read_bytes()
    except OSError as error:
        raise PathError(f"cannot be read: {error.strerror}", where=str(path), fix="check the path") from error
