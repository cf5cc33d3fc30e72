"""The model that a command names: `module:function` of the current folder or an installed package, a model file, or an address."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from dualtrack.errors import FieldError
from dualtrack.evidence.adapters.http import HttpScorer
from dualtrack.evidence.models import CallableScorer

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    from dualtrack.evidence.models import Scorer
    from dualtrack.evidence.numeric import np

__all__ = ["find_scorer"]


def find_scorer(reference: str, release: str, *, where: str) -> Scorer:
    """Return the scorer of a reference, speaking for a release; raises FieldError where nothing is found."""
    if reference.startswith(("http://", "https://")):
        return HttpScorer(reference, release_digest=release)
    return CallableScorer(_function(reference, where), release_digest=release)


def _function(text: str, where: str) -> Callable[[NDArray[np.float64]], ArrayLike]:
    """Find `module:function`; the current folder is searched too, last, so that a file in it replaces nothing of ours."""
    module, _, name = text.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        found: Callable[[NDArray[np.float64]], ArrayLike] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise FieldError(f"{text!r} cannot be found: {error}", where=where, expected="module:function") from error
    if not callable(found):
        raise FieldError(f"{text!r} is no function", where=where, expected="module:function")
    return found
