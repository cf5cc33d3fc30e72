"""The constants of finding passages, read from `retrieval.yaml`, where each has its reason."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.records import Record, read_record
from dualtrack.runtime.passages.analysis import SIGN
from dualtrack.runtime.passages.glossary import GENERAL, TRADE, Term, read_glossary

__all__ = ["Also", "PerLanguage", "Settings", "Stop", "load_general", "load_settings"]


class Stop(Record, frozen=True, rename={"zh": "zh-Hant"}):
    """Words that carry no subject; the English ones as stems."""

    en: list[str]
    zh: list[str]


class Also(Record, frozen=True, rename={"zh": "zh-Hant"}):
    """Words of the street, and those that are added to a question that has them."""

    en: dict[str, str]
    zh: dict[str, str]


class PerLanguage(Record, frozen=True, rename={"zh": "zh-Hant"}):
    """A number for each language of the question."""

    en: float
    zh: float

    def of(self, language: str) -> float:
        """Return the number of one language."""
        return self.en if language == "en" else self.zh


class Settings(Record, frozen=True):
    """Constants of the ranking, the words it leaves out or adds, and the share below which it refuses."""

    format: str
    k1: float
    b: float
    title_weight: int
    keys_weight: int
    asked_weight: PerLanguage
    other_weight: PerLanguage
    trade_weight: PerLanguage
    general_weight: PerLanguage
    sign_weight: PerLanguage
    vector_weight: PerLanguage
    general_share: float
    coverage_least: PerLanguage
    stop: Stop
    also: Also

    def marks(self, language: str) -> dict[str, float]:
        """Return the weights of marked terms, by their first sign, for questions of a language."""
        return {
            TRADE: self.trade_weight.of(language),
            GENERAL: self.general_weight.of(language),
            SIGN: self.sign_weight.of(language),
        }


@cache
def load_settings() -> Settings:
    """Return `retrieval.yaml`."""
    data = (resources.files("dualtrack.runtime") / "data" / "retrieval.yaml").read_bytes()
    return read_record(read_yaml(data, where="retrieval.yaml"), Settings, where="retrieval.yaml")


@cache
def load_general() -> tuple[Term, ...]:
    """Return the everyday words of `general.yaml`."""
    data = (resources.files("dualtrack.runtime") / "passages" / "general.yaml").read_bytes()
    return read_glossary(data, where="general.yaml")
