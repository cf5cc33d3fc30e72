"""The research desk of a firm: its documents, questions under the permit of its use, its register of interests."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec
from msgspec.structs import replace

from dualtrack.apps.research.asking import Reply, ask_rules, read_pages
from dualtrack.apps.research.documents.issuers import Issuer, IssuerNames
from dualtrack.apps.research.documents.loading import load_document, read_file
from dualtrack.apps.research.documents.store import DocumentStore
from dualtrack.apps.research.green.check import check_report
from dualtrack.apps.research.green.records import Report
from dualtrack.apps.research.licensing import check_licence
from dualtrack.apps.research.modelled import ProposalForm, gather, reply_of
from dualtrack.apps.research.modelled_call import Begun, decide_asking, models_of
from dualtrack.apps.research.notes.checking import Source
from dualtrack.apps.research.notes.disclosures import Interest
from dualtrack.apps.research.notes.figure_words import KeptFigure
from dualtrack.apps.research.notes.rereading import moved
from dualtrack.apps.research.ordering import released_meaning
from dualtrack.apps.research.quoting import note_limit, within_licence
from dualtrack.apps.research.records import (
    ANSWER_KIND,
    DOCUMENT_KIND,
    INTEREST_KIND,
    AnswerKept,
    DocumentLoaded,
    InterestKept,
)
from dualtrack.apps.research.settings import DeskSettings, desk_settings
from dualtrack.apps.research.solving.prompt import PROMPT_CHARS_MAX
from dualtrack.apps.research.solving.solve import QUESTION_MAX
from dualtrack.apps.research.state import state
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.time import hong_kong_date, parse_date
from dualtrack.errors import FieldError, NotFoundError, RefusedError
from dualtrack.keys.files import make_folder
from dualtrack.runtime.answers import SETTLE_S, enter_for_answer, read_held
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.lookup import contents_of, decision_row, find_decision
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection

    from dualtrack.apps.research.asking import AskedModel, Read
    from dualtrack.apps.research.documents.model import About, Document
    from dualtrack.apps.research.modelled_call import Run
    from dualtrack.apps.research.notes.note import Note
    from dualtrack.runtime.call import Language
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.live import LiveUse
    from dualtrack.store.entries import Receipt

__all__ = ["Checked", "Desk", "Kept"]

_FOLDER = "research"
_RETENTION = "standard"
_DOCUMENTS_MAX = 8
"""Documents held while a note's figures are read again."""
_SETTLES_MAX = 20
"""How often a decision that is being written is looked for: five seconds, where a busy ledger takes a fraction of one."""

_GREEN = "Green claims"
"""With what the question of a green check begins: the desk's use takes a question, and its record shows which this was."""


def _not_served(use: str, outcome: str) -> RefusedError:
    return RefusedError(f"the answer was {outcome}", where=use, fix="see the decision", code="research.not-served")


class Kept(msgspec.Struct, frozen=True):
    """An answer as it was kept: its id, the question, the reply, the decision of the runtime. The reply is None while a person has yet to read it."""

    id: str
    question: str
    reply: Reply | None
    decision: str | None


class Checked(msgspec.Struct, frozen=True):
    """The green check of a document as it is recorded: its decision, the document, the report of it; None while a person has yet to read it."""

    decision: str
    sha256: str
    report: Report | None


class Desk:
    """The desk of one firm. Its documents lie in a file of the workspace, what is said of them in the ledger."""

    def __init__(self, runtime: Runtime, institution: str) -> None:
        register = runtime.registers.get(institution)
        if register is None:
            raise NotFoundError("no such institution here", where="research desk", fix="name one of the workspace")
        self.runtime, self.register, self.institution = runtime, register, institution
        self.settings: DeskSettings = desk_settings(runtime.store.workspace, institution)
        folder = runtime.store.workspace.path(_FOLDER)
        if not folder.is_dir():
            make_folder(folder)
        self.store = DocumentStore(folder / f"{institution}.db")

    def close(self) -> None:
        """Close the file of documents."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def load(self, path: Path, about: About, *, by: str) -> DocumentLoaded:
        """Load a file; what was said of it, with its licence, is an entry. Raises what `load_document` raises, and ConflictError.

        A file that is here may be loaded again: under the same licence, or a stricter one, which then holds for answers and notes. What else
        was said of it first, its name, issuer and period, stays.
        """
        original = read_file(path, about.name)
        sha256 = hashlib.sha256(original).hexdigest()
        here = next((each.about for each in self.store.documents() if each.sha256 == sha256), None)
        if here is not None:
            about = replace(here, licence=about.licence, ocr=about.ocr)
        document, facts = load_document(path, about)
        known = state(self.register).rows("document", sha256=sha256)
        before = [*(row["licence"] for row in known), *((here.licence,) if here else ())]
        narrowed = check_licence(about.licence, before, self.settings.quote_characters, where=about.name)
        if narrowed and here:
            self.store.set_licence(sha256, about.licence)
        self.store.add(document, facts, original=original)
        record = DocumentLoaded(
            sha256=document.sha256, name=about.name, licence=about.licence, issuer=about.issuer, period=about.period,
            form=about.form, pages=len(document.pages), by=by, at=self.register.now(),
            quote_characters=note_limit(about.licence, self.settings.quote_characters),
        )  # fmt: skip
        if narrowed or not known:
            self.register.append_plain([(DOCUMENT_KIND, self.settings.use, encode(record))])
        return record

    def load_bytes(self, name: str, data: bytes, about: About, *, by: str) -> DocumentLoaded:
        """As `load`, of a file that was sent."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / (Path(name).name or "document")
            path.write_bytes(data)
            return self.load(path, about, by=by)

    def names(self) -> IssuerNames:
        """Return the issuers of the documents here, by the names that they were loaded under."""
        known = {kept.about.issuer for kept in self.store.documents() if kept.about.issuer}
        return IssuerNames(Issuer(code=name, name=name) for name in sorted(known))

    def ask(self, question: str, *, by: str, language: Language = "en", run: Run | None = None) -> Kept:
        """Answer a question as a decision of the desk's use: under its permit, recorded, kept with its reply.

        With `run`, which runs a coroutine with the client of upstreams, the language models of the use are asked what rules leave. Raises RefusedError without a permit, FieldError for no question or one of more than QUESTION_MAX characters.
        """
        if not question.strip():
            raise FieldError("no question", where="question", fix="ask something")
        if len(question) > QUESTION_MAX:
            expected = f"at most {QUESTION_MAX:,}"
            raise FieldError(
                f"{len(question):,} characters", where="question", expected=expected, fix="ask one thing at a time"
            )
        use = self.settings.use
        found: list[Reply] = []
        asked = run is not None and self.settings.model != "never" and models_of(self.runtime.gate.known(use))
        if run is not None and asked:
            answer = decide_asking(self.runtime, use, question, partial(self._begun, found), run, language=language)
        else:
            answer = decide(self.runtime, use, {"question": question}, partial(self._scored, found), language=language)
        if not found or answer.outcome not in {"served", "routed"}:
            raise _not_served(use, answer.outcome)
        return self._keep(question, found[-1], by=by, decision=answer.decision, held=answer.outcome == "routed")

    def check_green(self, sha256: str, *, language: Language = "en") -> Checked:
        """Check the green claims of a document as a decision of the desk's use: under its permit, recorded with the whole report.

        Raises NotFoundError for no such document, RefusedError without a permit, on hold, and where the policy does not let it out.
        """
        document, facts = self.store.document(sha256), self.store.facts(sha256=sha256)
        found: list[Report] = []

        def score(_: Mapping[str, Any]) -> Scoring:
            found.append(check_report(document, facts))
            return Scoring(json.loads(encode(found[-1])))

        use = self.settings.use
        asked = f"{_GREEN}: {document.name}, {sha256}"
        answer = decide(self.runtime, use, {"question": asked}, score, language=language)
        if not found or answer.outcome not in {"served", "routed"}:
            raise _not_served(use, answer.outcome)
        self._settle(answer.decision)
        return Checked(answer.decision, sha256, found[-1] if answer.outcome == "served" else None)

    def _settle(self, decision: str) -> None:
        """Wait until a buffered decision is in the ledger, so that its page finds it; a moment, and not for ever."""
        for _ in range(_SETTLES_MAX):
            try:
                decision_row(self.register, decision)
            except NotFoundError:
                time.sleep(SETTLE_S)
            else:
                return

    def checked_green(self, decision: str) -> Checked:
        """Return a green check by its decision, once a person let it go where one reads first; raises NotFoundError."""
        record, contents = find_decision(self.register, decision), contents_of(self.register)
        asked = json.loads(contents.open(record.input)) if record.use == self.settings.use else None
        said = str(asked.get("question", "")) if isinstance(asked, dict) else ""
        if not said.startswith(f"{_GREEN}: ") or record.outcome not in {"served", "routed"} or record.output is None:
            raise NotFoundError("no green check of this decision", where="decision", fix="check the document again")
        sha256 = said.rpartition(", ")[2]
        if record.outcome == "routed":
            plain = self._let_go(decision)
        else:
            plain = msgspec.json.decode(contents.open(record.output))
        return Checked(decision, sha256, None if plain is None else read_record(plain, Report, where="green check"))

    def _scored(self, found: list[Reply], row: Mapping[str, Any]) -> Scoring:
        """Answer by rules alone."""
        found.append(self._read(str(row["question"])).reply)
        return Scoring(json.loads(encode(found[-1])))

    def _begun(self, found: list[Reply], question: str, live: LiveUse) -> Begun:
        """Answer by rules; what they leave unanswered may be put to a model, as much of its pages as a call may have characters."""
        read = self._read(question)
        found.append(read.reply)
        most = min(PROMPT_CHARS_MAX, live.policy.bounds.characters) - len(question)
        sources = gather(tuple(read_pages(read.unanswered, self.store)), characters=most)
        if not sources.text:
            return Begun(None, lambda _: read.reply)
        form = ProposalForm(read.asked, sources)

        def output(models: tuple[AskedModel, ...]) -> Reply:
            found.append(reply_of(read.reply, form, models))
            return found[-1]

        return Begun(form, output)

    def _read(self, question: str) -> Read:
        """Answer by rules, within what licences let be quoted."""
        on = hong_kong_date(self.runtime.clock())
        meaning = released_meaning(self.settings, self.runtime.gate.known(self.settings.use))
        read = ask_rules(question, self.store, self.names(), on=on, meaning=meaning)
        return read._replace(reply=within_licence(read.reply, self.settings.quote_characters))

    def _keep(self, question: str, reply: Reply, *, by: str, decision: str, held: bool) -> Kept:
        contents = self.runtime.recorder(self.institution).contents
        sealed = [contents.seal(self.settings.use, data, _RETENTION) for data in (question.encode(), encode(reply))]
        keys = contents.new_keys(sealed)
        record = AnswerKept(
            id=new_id(), question=sealed[0].digest, reply=sealed[1].digest, outcome="held" if held else reply.outcome, by=by,
            at=self.register.now(), decision=decision,
        )  # fmt: skip

        def beside(connection: Connection, _receipts: Sequence[Receipt]) -> None:
            contents.write(connection, sealed, keys, record.at)

        self.register.append_with([NewEntry(ANSWER_KIND, self.institution, self.settings.use, encode(record))], beside)
        contents.written(keys)
        return Kept(record.id, question, None if held else reply, decision)

    def answers(self, *, most: int = 50) -> list[Kept]:
        """Return the newest kept answers, newest first; one whose words were erased is left out."""
        rows = sorted(state(self.register).rows("answer"), key=lambda row: str(row["id"]), reverse=True)[:most]
        return [kept for row in rows if (kept := self._opened(row)) is not None]

    def _opened(self, row: Mapping[str, Any]) -> Kept | None:
        """Return a kept answer; None for one whose words were erased."""
        contents = contents_of(self.register)
        try:
            question, reply = contents.open(row["question"]).decode(), contents.open(row["reply"])
        except NotFoundError:
            return None
        held = row["outcome"] == "held"
        plain = self._let_go(str(row["decision"])) if held else msgspec.json.decode(reply)
        read = None if plain is None else read_record(plain, Reply, where="reply")
        return Kept(str(row["id"]), question, read, row["decision"])

    def _let_go(self, decision: str) -> Any:  # noqa: ANN401 - what stands in JSON
        """Return what a person released of a held answer, which may be another than the draft; None while nobody has, or it may not be given."""
        record = find_decision(self.register, decision)
        try:
            found = read_held(self.register, record, enter_for_answer(self.runtime.gate, self.register, record))
        except (RefusedError, NotFoundError):
            return None
        return found.output if found.given else None

    def answer(self, name: str) -> Kept:
        """Return one kept answer; raises NotFoundError."""
        found = next(map(self._opened, state(self.register).rows("answer", id=name)), None)
        if found is None:
            raise NotFoundError("no such answer", where="answer", fix="choose one from the list")
        return found

    def sources(self, note: Note) -> dict[str, Source]:
        """Return the documents that a note quotes, with the text of their pages and what their licences let."""
        wanted = {
            support.document for each in note.sentences for support in each.supports if hasattr(support, "document")
        }
        rows = {row["sha256"]: row for row in state(self.register).rows("document")}
        found = {}
        for sha256 in sorted(wanted & set(rows)):
            try:
                document = self.store.document(sha256)
            except NotFoundError:
                continue  # its quotations are then of no document, which the check of the note says
            pages = {page.number: page.text for page in document.pages}
            row = rows[sha256]
            found[sha256] = Source(
                name=row["name"], licence=row["licence"], pages=pages, quote_characters=row["quote_characters"],
                issuer=row["issuer"] or "",
            )  # fmt: skip
        return found

    def figures(self, note: Note) -> dict[str, KeptFigure]:
        """Return the figures of the kept answers that a note rests on, by their ids, with what their cells say now; one that is gone is left out."""
        wanted = {getattr(support, "answer", "") for each in note.sentences for support in each.supports} - {""}
        read = lru_cache(maxsize=_DOCUMENTS_MAX)(self.store.document)  # many answers are of one report
        return {name: found for name in sorted(wanted) if (found := self._figure(name, read)) is not None}

    def _figure(self, name: str, read: Callable[[str], Document]) -> KeptFigure | None:
        try:
            reply = self.answer(name).reply
            if reply is None or reply.figure is None or reply.source is None:
                return None
            document = read(reply.source.sha256)
        except NotFoundError:
            return None
        return KeptFigure(reply.figure, document.about.issuer, moved(reply.figure, document, reply.source.page))

    def add_interest(self, interest: Interest, *, by: str) -> None:
        """Enter an interest, a dealing or an offering in the register: whose it is lies sealed in the vault under a pseudonym, as what is to be erased for a person.

        Raises FieldError for a holding of the firm without its share, and for a date that is none.
        """
        if interest.kind == "firm holding" and interest.percent is None:
            raise FieldError(
                "a holding without its share", where="interest, field percent", expected="0 to 100, as 1.5", fix="say the share",
                code="research.register.percent",
            )  # fmt: skip
        for each in filter(None, (interest.since, interest.until)):
            parse_date(each, where="interest, fields since and until")
        contents = self.runtime.recorder(self.institution).contents
        subject = self.runtime.subjects.pseudonym(self.institution, interest.who)
        sealed = contents.seal(subject, interest.who.encode(), _RETENTION)
        keys = contents.new_keys([sealed])
        record = InterestKept(
            id=new_id(), issuer=interest.issuer, kind=interest.kind, subject=subject, holder=sealed.digest, since=interest.since,
            until=interest.until, percent=interest.percent, by=by, at=self.register.now(),
        )  # fmt: skip

        def beside(connection: Connection, _receipts: Sequence[Receipt]) -> None:
            contents.write(connection, [sealed], keys, record.at)

        entry = NewEntry(INTEREST_KIND, self.institution, self.settings.use, encode(record))
        self.register.append_with([entry], beside)
        contents.written(keys)

    def interests(self) -> list[Interest]:
        """Return the register of interests; a holder whose name was erased has none."""
        return [
            Interest(
                issuer=row["issuer"], kind=row["kind"], who=self._holder(row), since=row["since"], until=row["until_day"],
                percent=None if row["percent"] is None else float(row["percent"]),
            )
            for row in state(self.register).rows("registered")
        ]  # fmt: skip

    def _holder(self, row: Mapping[str, Any]) -> str:
        if row["holder"] is None:
            return row["who"] or ""
        try:
            return contents_of(self.register).open(row["holder"]).decode()
        except NotFoundError:
            return ""
