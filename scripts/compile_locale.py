"""Compile the console's catalogues: every `.po` of a language's folder into its one `console.mo`, byte for byte the same each time.

    python scripts/compile_locale.py [--check]

Reads the part of the PO format that we write: `msgid`, `msgid_plural`, `msgstr`, `msgstr[0]`, strings in double quotes over several
lines, and comments. An entry marked `fuzzy`, one without a translation and one that two files translate differently are refused.
"""

from __future__ import annotations

import argparse
import ast
import struct
import sys
from pathlib import Path

LOCALE = Path(__file__).parent.parent / "src" / "dualtrack" / "web" / "locale"
MO_MAGIC = 0x950412DE
KEYWORDS = ("msgid_plural", "msgid", "msgstr[0]", "msgstr")


def read_po(text: str, name: str) -> dict[str, str]:
    """Return translations by message; a plural's key is both its forms with a NUL between, as in a `.mo`."""
    found: dict[str, str] = {}
    entry: dict[str, str] = {}
    keyword = ""
    for number, raw in enumerate([*text.splitlines(), ""], 1):
        line = raw.strip()
        if line.startswith("#,") and "fuzzy" in line:
            raise SystemExit(f"{name}:{number}: a fuzzy entry: read it and take the mark away")
        if line.startswith("#"):
            continue
        if not line:
            add_entry(found, entry, f"{name}:{number}")
            entry, keyword = {}, ""
            continue
        if not line.startswith('"'):
            keyword = next((word for word in KEYWORDS if line.startswith(word + " ")), "")
            if not keyword or keyword in entry:
                raise SystemExit(f"{name}:{number}: {line[:40]!r}; expected one of {', '.join(KEYWORDS)}, once")
            entry[keyword], line = "", line[len(keyword) :].strip()
        entry[keyword] += str(ast.literal_eval(line))
    return found


def add_entry(found: dict[str, str], entry: dict[str, str], where: str) -> None:
    """Add one entry to the catalogue, if it is one."""
    if not entry:
        return
    translated = entry.get("msgstr[0]", entry.get("msgstr", ""))
    if "msgid" not in entry or not translated:
        raise SystemExit(f"{where}: no translation of {entry.get('msgid', '')!r}")
    key = "\0".join(entry[part] for part in ("msgid", "msgid_plural") if part in entry)
    if found.get(key, translated) != translated:
        raise SystemExit(f"{where}: {key!r} is translated twice and differently")
    found[key] = translated


def read_folder(folder: Path) -> dict[str, str]:
    """Return the translations of all catalogues of a folder; only `console.po` has the header."""
    merged: dict[str, str] = {}
    for path in sorted(folder.glob("*.po")):
        for key, text in read_po(path.read_text(encoding="utf-8"), path.name).items():
            if merged.get(key, text) != text:
                raise SystemExit(f"{path.name}: {key!r} is translated differently in another catalogue")
            merged[key] = text
    return merged


def compile_mo(messages: dict[str, str]) -> bytes:
    """Return a `.mo`: header, table of keys, table of translations, then both as NUL-ended texts, sorted by key."""
    pairs = sorted((key.encode(), text.encode()) for key, text in messages.items())
    count, keys_at = len(pairs), 28
    offset = keys_at + 16 * count
    tables: list[bytes] = []
    for side in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[side]), offset))
            offset += len(pair[side]) + 1
    head = struct.pack("<7I", MO_MAGIC, 0, count, keys_at, keys_at + 8 * count, 0, keys_at + 16 * count)
    texts = b"".join(pair[side] + b"\0" for side in (0, 1) for pair in pairs)
    return head + b"".join(tables) + texts


def main() -> None:
    """Compile all languages, or tell with `--check` whether that would change anything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    for folder in sorted(LOCALE.glob("*/LC_MESSAGES")):
        target, made = folder / "console.mo", compile_mo(read_folder(folder))
        if check and (not target.exists() or target.read_bytes() != made):
            sys.exit(f"{target.name} is not what the catalogues say: run python scripts/compile_locale.py")
        if not check:
            target.write_bytes(made)


if __name__ == "__main__":
    main()
