"""The two language uses at the fictional firms: declared, released, drilled through the real path, judged. Nothing is canned.

The drills go through the same code as a call: guards, retrieval, model if there is one, guards, disclosure, review. Where no
model is installed, its part says "not run" and the passages answer alone.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from sqlalchemy import select

from dualtrack.demo.firms import signer_of
from dualtrack.demo.language.asking import Message, Reply
from dualtrack.demo.language.corpus import load_corpus
from dualtrack.demo.language.drills import ReviewItem, Verdict
from dualtrack.demo.language.measuring import load_targets, measure_language_use
from dualtrack.demo.language.model import ModelFound
from dualtrack.demo.language.papers import model_file, monitoring_plan, validation_report
from dualtrack.demo.language.stopping import kill_switch_drill
from dualtrack.demo.language.uses import load_declaration, load_policy, promised
from dualtrack.demo.service_use import measure_answers, plan_answers
from dualtrack.domain import canonical
from dualtrack.domain.canonical import digest
from dualtrack.domain.decision import Decision
from dualtrack.domain.entry import Entry
from dualtrack.domain.evidence import PREDICATE_TYPE, STATEMENT_TYPE, Predicate, Statement, Subject, SubjectDigest
from dualtrack.domain.ids import use_digest
from dualtrack.domain.records import Text, encode, read_record
from dualtrack.domain.release import Release, ReleaseComponent
from dualtrack.domain.time import add_days, format_instant
from dualtrack.domain.usecase import primary_claim
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.errors import RefusedError
from dualtrack.keys.files import make_folder, replace_file
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.compiling import compile_drill
from dualtrack.runtime.engine import Runtime
from dualtrack.runtime.faces.chat import begin_turn, complete, disclosure_due
from dualtrack.runtime.faces.chat_reasons import CITED
from dualtrack.runtime.faces.chat_request import read_chat
from dualtrack.runtime.live import Closed
from dualtrack.runtime.models import keep_artifact
from dualtrack.runtime.policy_check import examine_policy
from dualtrack.runtime.upstream.client import UpstreamClient
from dualtrack.store.verdicts import record_verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.demo.language.model import NotRun
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.time import Clock
    from dualtrack.evidence.plans.running import PlanRun
    from dualtrack.keys.signer import Signer
    from dualtrack.runtime.live import LiveUse
    from dualtrack.runtime.passages.corpus import Language
    from dualtrack.store.register import Register
    from dualtrack.store.store import Store
    from dualtrack.store.verdicts import Recorded
    from dualtrack.store.workspace import Workspace

__all__ = [
    "COVERS",
    "FICTIONAL_PARTS",
    "MODEL_FILES_NAME",
    "FictionalReviewer",
    "GovernedAsk",
    "LanguageRun",
    "prepare_use",
    "run_language_use",
]

COVERS = ["rag", "content_filter", "prompt_management"]
"""Parts of the path that a drill goes through: retrieval, guards, and the released prompt and policy."""

_TRIAL_DAYS, _TRIAL_DECISIONS = 60, 500
"""The fictional firms' trial: two months or 500 answers, whichever comes first, to measure the declared benefit."""

_ANSWERED = {
    "disclosure_drill": Text(
        en="That the notice is prominent on the client's page is a fictional answer: this demo has no page of the firm's.",
        zh="提示在客戶頁面上是否顯著屬虛構答案：本示範並無該公司的頁面。",
    ),
    "hallucination_test": Text(
        en="That a vendor's claims were tested is a fictional answer; no claim of a vendor was looked at.",
        zh="供應商的說法已經測試屬虛構答案，並無檢視任何供應商的說法。",
    ),
    "validation_report": Text(
        en="Passed, and the number of open findings, come from the limits of this run; that a validator covered fitness, cyber and data "
        "controls is a fictional answer.",
        zh="是否通過及未決事項的數目按本次運行的上限計算；驗證人員已涵蓋適用性、網絡及數據監控則屬虛構答案。",
    ),
    "monitoring_plan": Text(
        en="The whole plan is fictional; nobody wrote or will follow it.", zh="整份計劃屬虛構，並無任何人編寫或執行。"
    ),
    "monitoring_run": Text(
        en="That no action is overdue is a fictional answer; the period is this one run.",
        zh="沒有逾期行動屬虛構答案；所涵蓋的期間只有這一次運行。",
    ),
}
"""What the evidence says of its parts that no program can measure here."""

FICTIONAL_PARTS = frozenset({*_ANSWERED, "human_review_drill"})
"""Topics whose evidence rests in part on what nobody measured: answers of nobody, and a program in a reviewer's place."""

MODEL_FILES_NAME = "model-files"
"""Folder of the model files in the demo's folder."""

_SIGNED_BY = {
    "trial_plan": "executive",
    "validation_report": "validator",
    "monitoring_plan": "first-line",
    "model_file": "developer",
}
"""Fictional people who sign what the measuring service does not."""

_TOKENS_MAX = 96
"""Longest draft asked of a model: a passage has one or two sentences, and a small model runs on and on."""

_WAIT_S = 10.0
"""Longest wait for a fresh reading of permits."""


class LanguageRun(NamedTuple):
    """What came of one use: the evidence taken, the verdict, the model or why none was run, what could not be measured, and what the model did.

    `calls` counts the attempts that went to the model, `well` those that it answered in form. `planned` are the results of the
    registered plan over the same replies.
    """

    use: str
    evidence: list[Predicate]
    recorded: Recorded
    model: ModelFound | NotRun
    missing: list[str]
    calls: int
    well: int
    planned: PlanRun


class GovernedAsk:
    """Asks a use through the real path in drill mode: what comes back reaches this program and nobody else."""

    def __init__(self, runtime: Runtime, live: LiveUse) -> None:
        self._runtime, self._live = runtime, live
        self._runner = asyncio.Runner()
        self._client = UpstreamClient()

    def __call__(self, messages: Sequence[Message], /, *, subject: str, language: Language, session: str) -> Reply:
        """Put the last message and return what came back, with the draft where it is held."""
        del language, session  # the path reads the language itself, and knows persons, not sessions
        return self._runner.run(self._ask(list(messages), subject))

    def close(self) -> None:
        """End the client and its loop."""
        self._runner.run(self._client.close())
        self._runner.close()

    async def _ask(self, messages: list[Message], subject: str) -> Reply:
        await self._enter()
        asked = read_chat({"messages": messages, "user": subject, "max_tokens": _TOKENS_MAX})
        turn = await begin_turn(self._runtime, self._live, asked, len(msgspec.json.encode(messages)))
        body = await complete(self._runtime, self._client, turn)
        about, text = body["dualtrack"], body["choices"][0]["message"]["content"]
        notice = disclosure_due(turn)
        shown = notice is not None and text.startswith(notice)
        held = (
            self._draft(about["decision"])
            if about["outcome"] == "routed" and about.get("code") == "review.hold"
            else None
        )
        said = held if held is not None else text
        if notice is not None:
            said = said.removeprefix(notice).strip()
            text = text.removeprefix(notice).strip()
        return Reply(
            text=text,
            disclosure=notice if shown else None,
            citations=tuple(dict.fromkeys(CITED.findall(said))),
            outcome=about["outcome"],
            review=about.get("review"),
            receipt=about.get("receipt"),
            first="disclosure" if shown else "text",
            held=said if held is not None else None,
            code=about.get("code"),
        )

    async def _enter(self) -> None:
        """Refuse on hold; wait a moment where a busy machine let the lease run out."""
        until_s = steady_s() + _WAIT_S
        while not self._runtime.gate.still(self._live):
            closed = self._runtime.gate.closed(self._live.use)
            if steady_s() > until_s or (closed is not None and closed.code == "permit.held"):
                raise RefusedError("on hold", where=self._live.use, fix="ask who set the hold", code="permit.held")
            await asyncio.sleep(0.02)

    def _draft(self, decision: str) -> str | None:
        """Open the output that waits for a reviewer."""
        table = self._runtime.store.tables.decision
        with self._runtime.store.backend.read() as connection:
            row = connection.execute(select(table.c.output).where(table.c.id == decision)).one()
        if row.output is None:
            return None
        content = self._runtime.recorder(self._live.institution).contents.open(row.output)
        return str(msgspec.json.decode(content))


class FictionalReviewer:
    """A program in the place of a reviewer: compares a draft with the passage it cites. Marked as fictional in the evidence."""

    def __init__(self, use: str) -> None:
        self._texts = {item.id: item.text for item in load_corpus(use).passages}

    def __call__(self, item: ReviewItem) -> Verdict:
        """Approve a draft that is its passage word for word."""
        found = self._texts.get(item.citations[0]) if item.citations else None
        text = "" if found is None else found.en if item.language == "en" else found.zh
        right = bool(item.citations) and item.draft.strip() == f"{text} [{item.citations[0]}]"
        return Verdict(right, 45.0, "reviewer-1", qualified=True, fictional=True)


def prepare_use(store: Store, register: Register, use: str, model: ModelFound | NotRun) -> str:
    """Declare and release a use with the corpus it may quote and the policy it runs under; returns the release."""
    declared = load_declaration(use)
    found = model if isinstance(model, ModelFound) else None
    policy = load_policy(use, model_url=found and found.url, model=found and found.model)
    examine_policy(policy, where=f"policy-{use}.yaml")
    corpus = keep_artifact(store.workspace.path("models"), encode(load_corpus(use)))
    register.declare(declared, signer_of(store, register.institution, "first-line"), where=declared.use)
    plan_answers(register, declared.use, signer_of(store, register.institution, "collector"))
    runtime = register.keep_policy(policy)
    record = Release(
        use=declared.use,
        components=[
            ReleaseComponent(id=part.id, digest=part_digest)
            for part in declared.components
            if (part_digest := _component(part.id, corpus, policy)) is not None
        ],
        code=corpus,
        policy=promised(policy, runtime),
        builders=["developer"],
        note="DEMO: the firm is fictional",
    )
    release, _ = register.release(record, signer_of(store, register.institution, "developer"))
    return release


def run_language_use(
    workspace: Workspace, institution: str, use: str, clock: Clock, model: ModelFound | NotRun
) -> LanguageRun:
    """Prepare, drill and judge one use, with the model that was found; without one the passages answer alone."""
    with Runtime.open(workspace, clock) as runtime:
        register = runtime.registers[institution]
        release = prepare_use(runtime.store, register, use, model)
        name = load_declaration(use).use
        live = compile_drill(register, name)
        if isinstance(live, Closed):
            raise live.refusal()
        ask = GovernedAsk(runtime, live)
        taken_at = register.now()
        executive = signer_of(runtime.store, institution, "executive")
        try:
            found, missing, turns = measure_language_use(
                use, ask, FictionalReviewer(use), prominent=True, covers=COVERS, taken_at=taken_at
            )
            found.append(
                kill_switch_drill(
                    register,
                    ask,
                    use,
                    name,
                    by=executive,
                    released_by=signer_of(runtime.store, institution, "officer"),
                    limit_s=load_targets().stop_seconds_limit,
                    taken_at=taken_at,
                )
            )
        finally:
            ask.close()
        collector = signer_of(runtime.store, institution, "collector")
        planned = measure_answers(register, name, release, load_corpus(use), turns, collector, taken_at=taken_at)
        found += [*_papers(workspace, name, release, found, missing, taken_at), _plan(name, register)]
        asked = register.case(name, release).topics
        for predicate in (item for item in found if item.topic in asked):  # what no adopted pack reads is no evidence
            holder = _SIGNED_BY.get(predicate.topic, "collector")
            _add(register, name, release, predicate, signer_of(runtime.store, institution, holder))
        recorded = record_verdict(register, name)
        calls, well = _model_calls(register, name)
    return LanguageRun(name, found, recorded, model, missing, calls, well, planned)


def _papers(
    workspace: Workspace, use: str, release: str, found: list[Predicate], missing: list[str], taken_at: str
) -> list[Predicate]:
    """Write the release's model file into the demo's folder and return its three papers."""
    papers = [validation_report(found, missing, taken_at), monitoring_plan(taken_at)]
    file = model_file(use, release, [*found, *papers], missing, taken_at)
    folder = workspace.path(MODEL_FILES_NAME)
    if not folder.exists():
        make_folder(folder)
    replace_file(folder / f"{use.replace('/', '.')}.json", file.document)
    return [*papers, file.predicate]


def _model_calls(register: Register, use: str) -> tuple[int, int]:
    """Count in the ledger what went to a model in this run, and what of it was answered."""
    tried = [
        attempt.fault is None
        for entry in register.repository.every(kinds=("decision/1",), ids=(use,))
        if isinstance(entry, Entry)
        for attempt in read_record(canonical.decode(entry.content), Decision, where="decision").upstream
        if attempt.model is not None
    ]
    return len(tried), sum(tried)


def _plan(use: str, register: Register) -> Predicate:
    """Return the registered plan of a trial: capped, ended by a day, every output reviewed by a person."""
    claim = primary_claim(load_declaration("broker" if "client-answers" in use else "bank"))
    until = format_instant(add_days(register.clock(), _TRIAL_DAYS))
    return Predicate(
        kind=EvidenceKind.APPROVAL,
        topic="trial_plan",
        fields={
            "mode": "trial",
            "decisions_max": _TRIAL_DECISIONS,
            "until": until[:10],
            "measures": claim.id if claim else "",
        },
        taken_at=register.now(),
    )


def _add(register: Register, use: str, release: str, predicate: Predicate, signer: Signer) -> None:
    topics = register.case(use, release).topics
    about = topics[predicate.topic].about
    target = release if about == "release" else use_digest(use)
    statement = Statement(
        type_=STATEMENT_TYPE,
        subject=[Subject(name=use, digest=SubjectDigest(sha256=target))],
        predicate_type=PREDICATE_TYPE,
        predicate=msgspec.structs.replace(predicate, demo=True, note=predicate.note or _ANSWERED.get(predicate.topic)),
    )
    register.add_evidence(statement, [signer])


def _component(name: str, corpus: str, policy: RuntimePolicy) -> str | None:
    """Return the digest of a declared component that runs here: the passages, the policy's texts, the model's address."""
    if name == "passages":
        return corpus
    upstream = next((item for item in policy.upstreams if item.id == name), None)
    return digest(encode(upstream)) if upstream is not None else digest(encode(policy)) if name == "prompt" else None
