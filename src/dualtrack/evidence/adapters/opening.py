"""Any model by one line of text, so that a plan can name it.

module:function                 a Python function from rows to scores, or a scorer or estimator
model.onnx                      ONNX
model.txt                       a LightGBM booster
model.json                      an additive model (tables of points)
model.pkl, model.joblib         a pickle: runs code, so refused without the digest of the file
http://..., https://...         an endpoint that answers rows with scores
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.adapters.additive import load_additive_scorer
from dualtrack.evidence.adapters.boosters import load_booster
from dualtrack.evidence.adapters.estimators import estimator_scorer, load_pickled
from dualtrack.evidence.adapters.http import HttpScorer
from dualtrack.evidence.adapters.onnx_files import load_onnx
from dualtrack.evidence.adapters.transport import PATIENCE, TIMEOUT_S, Patience
from dualtrack.evidence.models import CallableScorer, Scorer

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PICKLED", "find_object", "open_here", "open_model"]

PICKLED = {".pkl", ".pickle", ".joblib"}
"""Endings of files that run code when read."""

_FORMS = "module:function, a file (.onnx, .txt, .json, .pkl, .joblib), or http(s)://..."


def open_model(
    reference: str,
    *,
    digest: str,
    file_digest: str | None = None,
    timeout_s: float | None = None,
    headers: Mapping[str, str] | None = None,
    patience: Patience = PATIENCE,
    output: str | None = None,
) -> Scorer:
    """Open a model; `digest` is that of the release it speaks for.

    A file's bytes must have the SHA-256 `file_digest`, which is `digest` where none is given (a release of one file). With
    `timeout_s` a function or pickle runs in a child process that is ended when it is late; of an endpoint it bounds each answer.
    `output` names the output of an ONNX model. Raises FieldError for a reference of no known form, EvidenceError or
    PathError for a model that cannot be opened.
    """
    if reference.startswith(("http://", "https://")):
        within_s = TIMEOUT_S if timeout_s is None else timeout_s
        return HttpScorer(reference, release_digest=digest, headers=headers, patience=patience, timeout_s=within_s)
    if timeout_s is not None and (Path(reference).suffix in PICKLED or _names_object(reference)):
        from dualtrack.evidence.adapters.isolated import IsolatedScorer  # noqa: PLC0415 - its child imports this module

        return IsolatedScorer(reference, release_digest=digest, timeout_s=timeout_s, file_digest=file_digest)
    return open_here(reference, digest=digest, file_digest=file_digest, output=output)


def open_here(reference: str, *, digest: str, file_digest: str | None = None, output: str | None = None) -> Scorer:
    """Open a file or function in this process; see `open_model`."""
    path, of_file = Path(reference), file_digest or digest
    if path.suffix == ".onnx":
        return load_onnx(path, file_digest=of_file, release_digest=digest, output=output)
    if path.suffix == ".txt":
        return load_booster(path, file_digest=of_file, release_digest=digest)
    if path.suffix == ".json":
        return load_additive_scorer(path, file_digest=of_file, release_digest=digest)
    if path.suffix in PICKLED:
        return _scorer(load_pickled(path, file_digest=of_file), reference, digest)
    if _names_object(reference):
        return _scorer(find_object(reference, "model"), reference, digest)
    raise FieldError(f"{reference!r} is no model", where="model", expected=_FORMS)


def find_object(reference: str, where: str) -> Any:  # noqa: ANN401 - whatever a module holds
    """Find `module:name`; the current folder is searched too, last, so that a file in it replaces nothing of ours."""
    module, _, name = reference.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        sys.path.append(here)
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:  # a module may raise anything while it is imported; it is named, not hidden
        raise FieldError(f"{reference!r} cannot be found: {error}", where=where, expected="module:function") from error


def _names_object(reference: str) -> bool:
    module, colon, name = reference.partition(":")
    return bool(colon) and name.isidentifier() and all(part.isidentifier() for part in module.split("."))


def _scorer(found: Any, reference: str, digest: str) -> Scorer:  # noqa: ANN401 - whatever a module or file holds
    """Take what a file or module holds: a scorer as it is, an estimator, else a function."""
    if isinstance(found, Scorer) and not isinstance(found, type):
        if found.release_digest != digest:
            raise EvidenceError(
                f"speaks for release {found.release_digest}",
                where=reference,
                expected=digest,
                code="evidence.model-file",
            )
        return found
    if hasattr(found, "predict") and not isinstance(found, type):
        return estimator_scorer(found, release_digest=digest)
    if callable(found):
        return CallableScorer(found, release_digest=digest)
    raise FieldError(f"{reference!r} holds a {type(found).__name__}", where="model", expected=_FORMS)
