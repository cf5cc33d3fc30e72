"""Models in ONNX form, on the processor and one thread. Nothing in such a file runs as Python."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from dualtrack.errors import EvidenceError, MissingExtraError
from dualtrack.evidence.adapters.files import read_model_file
from dualtrack.evidence.models import checked_digest, checked_scores
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["OnnxScorer", "load_onnx"]

_TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64}
_TWO = 2


class OnnxScorer:
    """An ONNX session of one input (rows, features); its score is the second column of probabilities, or its one number a row."""

    def __init__(self, session: Any, *, release_digest: str, output: str | None = None) -> None:  # noqa: ANN401 - an optional package without types
        inputs = session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in _TYPES:
            found = ", ".join(f"{each.name} {each.type}" for each in inputs)
            raise EvidenceError(
                f"inputs {found}", where="the model", expected="one input of numbers, shape (rows, features)"
            )
        self._session, self._input, self._type = session, inputs[0].name, _TYPES[inputs[0].type]
        self._output = output or _score_output(session)
        self.release_digest = checked_digest(release_digest)

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one score a row, rounded to the model's own precision."""
        found = np.asarray(self._session.run([self._output], {self._input: rows.astype(self._type)})[0])
        if found.ndim == _TWO and found.shape[1] <= _TWO:
            found = found[:, -1]
        return checked_scores(found.astype(np.float64), len(rows), "the model")


def load_onnx(path: Path, *, file_digest: str, release_digest: str, output: str | None = None) -> OnnxScorer:
    """Open an ONNX file whose SHA-256 is `file_digest`; raises EvidenceError where it cannot be."""
    data = read_model_file(path, file_digest)
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # read by onnxruntime, which else reports its use to its maker
    try:
        import onnxruntime  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - only for such models
    except ImportError as error:
        raise MissingExtraError("onnx", "opening an ONNX model") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library raises classes of its own for every kind of bad file
        raise EvidenceError(f"not a model that can be opened: {error}", where=str(path), expected="ONNX") from error
    return OnnxScorer(session, release_digest=release_digest, output=output)


def _score_output(session: Any) -> str:  # noqa: ANN401 - an optional package without types
    """Return the output of numbers: the probabilities where there are also labels; raises EvidenceError where none fits."""
    outputs = [each for each in session.get_outputs() if each.type in _TYPES]
    if len(outputs) == 1:
        return str(outputs[0].name)
    found = ", ".join(f"{each.name} {each.type}" for each in session.get_outputs())
    raise EvidenceError(
        f"outputs {found}",
        where="the model",
        expected="one output of numbers",
        fix="name the output, or convert with zipmap switched off",
    )
