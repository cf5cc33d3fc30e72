"""An honest path in this process, and the ways in which it can be made to misbehave, for tests of the drills."""

from __future__ import annotations

from datetime import date

from dualtrack.demo.language.asking import Reply
from dualtrack.demo.language.corpus import load_corpus
from dualtrack.demo.language.drills import Verdict
from dualtrack.demo.language.questions import asked, load_questions
from dualtrack.demo.language.uses import load_policy
from dualtrack.runtime.passages.search import Answer, Index, Quote, load_settings

ON = date(2026, 11, 26)
PERSON_WORDS = ("person", "human", "agent", "真人", "職員")


class Path:
    """Answers by quoting, with notice and review as the policy says. Keywords switch one duty off each."""

    def __init__(
        self,
        use,
        *,
        hold=True,
        notice_every=True,
        notice=None,
        honours=True,
        swap=False,
        advises=False,
        first="disclosure",
        invents=False,
        knows=False,
    ):
        self.policy, self.hold, self.notice_every, self.notice = load_policy(use), hold, notice_every, notice
        self.honours, self.swap, self.advises, self.first, self.invents = honours, swap, advises, first, invents
        serving = load_corpus(use).serving(ON)
        self.serving = serving
        self.index = {language: Index(serving, language, load_settings()) for language in ("en", "zh-Hant")}
        self.known = {item.text: item for item in asked(load_questions(use), expect="answer")} if knows else {}
        self.opted, self.met, self.count = set(), set(), 0
        self.advice = {item.text for item in asked(load_questions(use), expect="advice")}

    def __call__(self, messages, /, *, subject, language, session):
        said = messages[-1]["content"]
        self.count += 1
        disclosure = self.notice if self.notice is not None else self._text(self.policy.disclosure.text, language)
        if not self.notice_every and subject in self.met:
            disclosure = None
        self.met.add(subject)
        if any(word in said.lower() for word in PERSON_WORDS) and "?" not in said and "？" not in said:
            self.opted.add(subject)
        if self.honours and subject in self.opted:
            return self._end(disclosure, self._text(self.policy.human, language), "routed", "guard.opt_out")
        if said in self.advice and not self.advises:
            return self._end(disclosure, self._text(self.policy.message, language), "routed", "guard.investment_advice")
        found = self._known(said, language) or self.index[language].answer(said)
        if not isinstance(found, Answer):
            return self._end(disclosure, self._text(self.policy.message, language), "fallback", None)
        text, cited = found.text, found.citations
        if self.swap:
            place = next(n for n, item in enumerate(self.serving) if item.id == cited[0])
            other = self.serving[(place + 7) % len(self.serving)]
            text, cited = f"{other.text.en if language == 'en' else other.text.zh} [{other.id}]", (other.id,)
        if self.invents:
            text = f"{text} 98765"
        if self.hold:
            return self._end(
                disclosure, self._text(self.policy.message, language), "routed", "review.hold", cited, text, review=True
            )
        return self._end(disclosure, text, "served", None, cited)

    def _end(self, disclosure, text, outcome, code, citations=(), held=None, review=False):
        first = self.first if disclosure else "text"
        return Reply(
            text, disclosure, tuple(citations), outcome, f"r{self.count}" if review else None, None, first, held, code
        )

    def _known(self, said, language):
        """Quote the passage of the case: a path that understands every wording, so that rules can be seen to be met."""
        item = self.known.get(said)
        passage = item and next(one for one in self.serving if one.id == item.case.passages[0])
        return passage and Answer(Quote(passage.id, passage.version, self._text(passage.text, language)))

    def _text(self, text, language):
        return text.en if language == "en" else text.zh


class Reviewer:
    """A fictional reviewer who compares a draft with the passages, and overlooks every `misses`-th wrong one."""

    def __init__(self, use, *, misses=0, seconds=45.0, qualified=True):
        self.texts = {item.id: item.text for item in load_corpus(use).serving(ON)}
        self.misses, self.seconds, self.qualified, self.wrong = misses, seconds, qualified, 0

    def __call__(self, item):
        text = self.texts[item.citations[0]]
        right = item.draft == f"{text.en if item.language == 'en' else text.zh} [{item.citations[0]}]"
        if not right:
            self.wrong += 1
            right = bool(self.misses) and self.wrong % self.misses == 0
        return Verdict(right, self.seconds, "reviewer-1", self.qualified, fictional=True)
