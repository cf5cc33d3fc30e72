"""Text as it is compared when looking for something that must not be there: one width, one case, no spaces, no invisible letters."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["folded", "letters", "texts_of"]

_INVISIBLE = {"Cf", "Cc", "Zs", "Zl", "Zp"}


def folded(text: str) -> str:
    """Return a text without spaces and invisible characters, NFKC, in lower case: how a copy is recognised."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(letter for letter in plain if unicodedata.category(letter) not in _INVISIBLE)


def letters(text: str) -> str:
    """Return only letters and digits of a folded text: how a copy with dashes between is recognised."""
    return "".join(letter for letter in folded(text) if letter.isalnum())


def texts_of(column: NDArray[Any], where: str) -> list[str | None]:
    """Return the texts of a column, None where there is none or only white space; raises FieldError for what is not text."""
    data, gone = np.ma.getdata(column), np.ma.getmaskarray(column)
    found: list[str | None] = []
    for row, (value, missing) in enumerate(zip(data.tolist(), gone.tolist(), strict=True)):
        if missing or value is None:
            found.append(None)
        elif isinstance(value, str):
            found.append(value if value.strip() else None)
        else:
            raise FieldError(f"a value of type {type(value).__name__}", where=f"{where}[{row}]", expected="text")
    return found
