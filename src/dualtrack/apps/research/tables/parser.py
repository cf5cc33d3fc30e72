"""sqlglot, for the modules that read SQL; without it they say what to install."""

from __future__ import annotations

from dualtrack.errors import MissingExtraError

try:
    from sqlglot import exp, parse, tokenize
    from sqlglot.errors import ParseError, TokenError
    from sqlglot.optimizer.qualify import qualify
except ImportError as error:
    raise MissingExtraError("research", "asking questions of tables") from error

__all__ = ["ParseError", "TokenError", "exp", "parse", "qualify", "tokenize"]
