"""Ways to a model, whatever it is: a function, scikit-learn, LightGBM, ONNX, an HTTP endpoint, a language model's endpoint.

`opening.open_model` takes all of them by one line of text. Each adapter is a `Scorer` (`dualtrack.evidence.models`), some an
`Explainer`, one an `Answerer`; what fails does so with an EvidenceError that says why.
"""

from __future__ import annotations

__all__: list[str] = []
