"""The passages of the two carried uses, loaded from the package's own files."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import read_record
from dualtrack.runtime.passages.corpus import Corpus, check_corpus

__all__ = ["USES", "load_corpus", "read_data"]

USES = ("broker", "bank")
"""The two uses, as their files are named."""


@cache
def read_data(name: str) -> object:
    """Return one of the package's own YAML files as plain data."""
    data = (resources.files("dualtrack.demo.language") / "data" / name).read_bytes()
    return read_yaml(data, where=name)


@cache
def load_corpus(use: str) -> Corpus:
    """Return the corpus of `broker` or `bank`; raises FieldError naming the passage that is wrong."""
    name = f"corpus-{use}.yaml"
    corpus = read_record(read_data(name), Corpus, where=name)
    check_corpus(corpus, where=name)
    return corpus
