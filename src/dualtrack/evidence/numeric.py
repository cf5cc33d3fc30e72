"""numpy, for the modules of this room that compute on columns; without it they say what to install.

Limits and forms of an estimate need none, so that a running firm is looked at without the measuring parts.
"""

from __future__ import annotations

from dualtrack.errors import MissingExtraError

try:
    import numpy as np
    from numpy.typing import NDArray
except ImportError as error:
    raise MissingExtraError("evidence", "measuring") from error

__all__ = ["NDArray", "np"]
