"""numpy, for the modules of this package that train or apply a model; without it they say what to install."""

from __future__ import annotations

from dualtrack.errors import MissingExtraError

try:
    import numpy as np
    from numpy.typing import NDArray
except ImportError as error:
    raise MissingExtraError("models", "recognising intents") from error

__all__ = ["NDArray", "np"]
