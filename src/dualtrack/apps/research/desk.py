"""The research desk of a firm: its documents, questions under the permit of its use, its register of interests."""

from __future__ import annotations

import json
import tempfile
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import msgspec

from dualtrack.apps.research.asking import Reply, ask_rules, read_pages
from dualtrack.apps.research.documents.issuers import Issuer, IssuerNames
from dualtrack.apps.research.documents.loading import load_document
from dualtrack.apps.research.documents.store import DocumentStore
from dualtrack.apps.research.modelled import ProposalForm, gather, reply_of
from dualtrack.apps.research.modelled_call import Begun, decide_asking, models_of
from dualtrack.apps.research.notes.checking import Source
from dualtrack.apps.research.notes.disclosures import Interest
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
from dualtrack.domain.time import hong_kong_date
from dualtrack.errors import FieldError, NotFoundError, RefusedError
from dualtrack.keys.files import make_folder
from dualtrack.runtime.answers import enter_for_answer, read_held
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.ids import new_id
from dualtrack.runtime.lookup import contents_of, find_decision
from dualtrack.store.entries import NewEntry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from dualtrack.apps.research.asking import AskedModel, Read
    from dualtrack.apps.research.documents.model import About
    from dualtrack.apps.research.modelled_call import Run
    from dualtrack.apps.research.notes.note import Note
    from dualtrack.runtime.call import Language
    from dualtrack.runtime.engine import Runtime
    from dualtrack.runtime.live import LiveUse
    from dualtrack.store.entries import Receipt

__all__ = ["Desk", "Kept"]

_FOLDER = "research"
_RETENTION = "standard"


class Kept(msgspec.Struct, frozen=True):
    """An answer as it was kept: its id, the question, the reply, the decision of the runtime. The reply is None while a person has yet to read it."""

    id: str
    question: str
    reply: Reply | None
    decision: str | None


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
        """Load a file; what was said of it, with its licence, is an entry. Raises what `load_document` raises, and ConflictError."""
        document, facts = load_document(path, about)
        self.store.add(document, facts, original=path.read_bytes())
        record = DocumentLoaded(
            sha256=document.sha256, name=about.name, licence=about.licence, issuer=about.issuer, period=about.period,
            form=about.form, pages=len(document.pages), by=by, at=self.register.now(),
            quote_characters=note_limit(about.licence, self.settings.quote_characters),
        )  # fmt: skip
        known = state(self.register).rows("document", sha256=document.sha256)
        if not known:
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
            raise RefusedError(
                f"the answer was {answer.outcome}", where=use, fix="see the decision", code="research.not-served"
            )
        return self._keep(question, found[-1], by=by, decision=answer.decision, held=answer.outcome == "routed")

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
        contents = contents_of(self.register)
        found = []
        for row in sorted(state(self.register).rows("answer"), key=lambda row: str(row["id"]), reverse=True)[:most]:
            try:
                question, reply = contents.open(row["question"]).decode(), contents.open(row["reply"])
            except NotFoundError:
                continue
            read = read_record(msgspec.json.decode(reply), Reply, where="reply")
            shown = row["outcome"] != "held" or self._released(str(row["decision"]))
            found.append(Kept(str(row["id"]), question, read if shown else None, row["decision"]))
        return found

    def _released(self, decision: str) -> bool:
        """Say whether a person has let a held answer go."""
        record = find_decision(self.register, decision)
        return read_held(self.register, record, enter_for_answer(self.runtime.gate, self.register, record)).given

    def answer(self, name: str) -> Kept:
        """Return one kept answer; raises NotFoundError."""
        found = next((kept for kept in self.answers(most=10_000) if kept.id == name), None)
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
            document = self.store.document(sha256)
            pages = {page.number: page.text for page in document.pages}
            row = rows[sha256]
            found[sha256] = Source(
                name=row["name"], licence=row["licence"], pages=pages, quote_characters=row["quote_characters"]
            )
        return found

    def add_interest(self, interest: Interest, *, by: str) -> None:
        """Enter an interest, a dealing or an offering in the register."""
        record = InterestKept(
            id=new_id(), issuer=interest.issuer, kind=interest.kind, who=interest.who, since=interest.since,
            until=interest.until, percent=interest.percent, by=by, at=self.register.now(),
        )  # fmt: skip
        date.fromisoformat(interest.since)
        self.register.append_plain([(INTEREST_KIND, self.settings.use, encode(record))])

    def interests(self) -> list[Interest]:
        """Return the register of interests."""
        return [
            Interest(
                issuer=row["issuer"], kind=row["kind"], who=row["who"], since=row["since"], until=row["until_day"],
                percent=None if row["percent"] is None else float(row["percent"]),
            )
            for row in state(self.register).rows("interest")
        ]  # fmt: skip
