"""Special functions of scipy, for the modules of this room that compute limits; without it they say what to install."""

from __future__ import annotations

from dualtrack.errors import MissingExtraError

try:
    from scipy.special import (
        bdtr,
        betaincinv,
        chdtrc,
        gammaincc,
        gammainccinv,
        gammaincinv,
        kolmogi,
        kolmogorov,
        stdtrit,
    )
except ImportError as error:
    raise MissingExtraError("evidence", "measuring") from error

__all__ = [
    "bdtr",
    "betaincinv",
    "chdtrc",
    "gammaincc",
    "gammainccinv",
    "gammaincinv",
    "kolmogi",
    "kolmogorov",
    "stdtrit",
]
