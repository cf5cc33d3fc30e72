"""The research desk of a fictional firm: declared, planned, measured on made reports, judged, and asked where a permit allows it.

The plan stands in the ledger before the reports are made. Issuers, approvals and the analyst are fictional; the answers, the search beside them,
the evidence and the verdict are of this run.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import replace

from dualtrack.apps.application import declarations_of
from dualtrack.apps.research.application import APPLICATION
from dualtrack.apps.research.asking import Reply
from dualtrack.apps.research.desk import Desk
from dualtrack.apps.research.evidence.citing import citations_hold
from dualtrack.apps.research.evidence.reports import about_made, load_reports
from dualtrack.apps.research.evidence.table import answer_table, table_columns
from dualtrack.apps.research.settings import SETTINGS_NAME
from dualtrack.demo.attestations import as_predicate, demo_attestations
from dualtrack.demo.firms import signer_of
from dualtrack.demo.language.uses import promised
from dualtrack.domain.canonical import digest
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.evidence import PREDICATE_TYPE, STATEMENT_TYPE, Predicate, Statement, Subject, SubjectDigest
from dualtrack.domain.ids import use_digest
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import Record, read_record
from dualtrack.domain.release import Release, ReleaseComponent
from dualtrack.domain.time import add_days, format_instant, hong_kong_date
from dualtrack.domain.usecase import Component, UseCase, primary_claim
from dualtrack.domain.vocabulary import EvidenceKind
from dualtrack.errors import MissingExtraError, NotFoundError, RefusedError
from dualtrack.evidence.plans.given import Given
from dualtrack.evidence.plans.reading import plan_digest, read_plan
from dualtrack.evidence.plans.recording import find_plan, record_run, register_plan
from dualtrack.evidence.plans.running import Asked, run_plan
from dualtrack.keys.files import replace_file
from dualtrack.runtime.engine import Runtime
from dualtrack.runtime.policy_check import examine_policy
from dualtrack.runtime.reviews import ReviewDesk
from dualtrack.store.verdicts import record_verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dualtrack.apps.research.evidence.reports import Loaded
    from dualtrack.domain.records import Value
    from dualtrack.domain.review import ActionName
    from dualtrack.domain.time import Clock
    from dualtrack.evidence.plans.records import MeasurementPlan
    from dualtrack.evidence.plans.running import PlanRun
    from dualtrack.runtime.call import Language
    from dualtrack.store.register import Register
    from dualtrack.store.store import Store
    from dualtrack.store.verdicts import Recorded
    from dualtrack.store.workspace import Workspace

__all__ = ["ResearchAnswer", "ResearchRun", "run_research_use"]

_FILE = "research-use.yaml"
_ON_THE_DESK = 2
"""Reports that lie on the desk: one in each language."""
_HELD = "held"
_READ = "DEMO: every number compared with its cell; the reader is a program (fictional)"


class _Reports(Record, frozen=True):
    count: int
    first: int
    lines: int


class _Trial(Record, frozen=True):
    days: int
    decisions: int


class _Said(Record, frozen=True):
    use: str
    components: list[Component]
    reports: _Reports
    attestations: list[str]
    trial: _Trial
    asked: dict[str, str]
    policy: RuntimePolicy


class ResearchAnswer(NamedTuple):
    """What the fictional analyst asked and what came of it: the outcome of the reply, `held`, the end of its review, or why it was refused."""

    question: str
    outcome: str


class ResearchRun(NamedTuple):
    """The use, the results of its plan, its verdict, and the questions that were put to the desk; `missing` where nothing could be measured here."""

    use: str
    run: PlanRun | None
    recorded: Recorded
    answers: list[ResearchAnswer]
    missing: str | None = None


def run_research_use(workspace: Workspace, clock: Clock, step: Callable[[str], None]) -> ResearchRun:
    """Declare and plan the use, make reports, measure, judge, and ask the desk under whatever permit came of it.

    Where reports cannot be read here, for want of an optional part, nothing is measured and that is said.
    """
    said = _said()
    institution = said.use.partition("/")[0]
    with Runtime.open(workspace, clock) as runtime:
        register, store = runtime.registers[institution], runtime.store
        register.declare(_declaration(said), signer_of(store, institution, "first-line"), where=_FILE)
        plan = register_plan(
            register, _plan(said.use), signer_of(store, institution, "collector"), where="plan.yaml"
        ).plan
        step("research desk: reports of fictional issuers")
        try:
            loaded = list(load_reports(said.reports.count, first=said.reports.first, carried=_carried))
        except (MissingExtraError, NotFoundError) as error:
            return ResearchRun(said.use, None, record_verdict(register, said.use), [], str(error).partition("\n")[0])
        release = _release(store, register, said, loaded)
        step("research desk: questions with known answers")
        run = _measure(store, register, plan, release, loaded)
        _attest(store, register, release)
        recorded = record_verdict(register, said.use)
        runtime.snapshots.refresh()
        answers = _ask(runtime, institution, loaded[:_ON_THE_DESK])
    return ResearchRun(said.use, run, recorded, answers)


def _carried(seed: int) -> bytes | None:
    """Return the report of a seed as it was printed before: setting one takes Typst and a Chinese font."""
    file = resources.files("dualtrack.demo") / "data" / "reports" / f"report-{seed}.pdf"
    return file.read_bytes() if file.is_file() else None


@cache
def _said() -> _Said:
    data = (resources.files("dualtrack.demo") / "data" / _FILE).read_bytes()
    return read_record(read_yaml(data, where=_FILE), _Said, where=_FILE)


def _declaration(said: _Said) -> UseCase:
    """Return the draft declaration of the application as the fictional firm declares it: claims as they stand, its own components."""
    (draft,) = declarations_of(APPLICATION).values()
    return replace(draft, use=said.use, components=said.components, demo=True)


def _plan(use: str) -> MeasurementPlan:
    data = (resources.files("dualtrack.apps.research.evidence") / "plan.yaml").read_bytes()
    return replace(read_plan(read_yaml(data, where="plan.yaml"), where="plan.yaml"), use=use)


def _release(store: Store, register: Register, said: _Said, loaded: Sequence[Loaded]) -> str:
    """Pin what runs: the code of reading and solving, the reports as they were made, the policy."""
    examine_policy(said.policy, where=_FILE)
    code = digest(b"".join(_code("dualtrack.apps.research", "documents", "solving")))
    pinned = {"model": code, "index": digest("".join(each.document.sha256 for each in loaded).encode())}
    record = Release(
        use=said.use,
        components=[ReleaseComponent(id=name, digest=found) for name, found in pinned.items()],
        code=code,
        policy=promised(said.policy, register.keep_policy(said.policy)),
        builders=["developer"],
        note="DEMO: the firm and the issuers are fictional",
    )
    release, _ = register.release(record, signer_of(store, register.institution, "developer"))
    return release


def _code(package: str, *rooms: str) -> list[bytes]:
    """Return the files of a package and of rooms in it, in the order of their names."""
    root = resources.files(package)
    files = [each for folder in (root, *(root / room for room in rooms)) for each in folder.iterdir()]
    return [each.read_bytes() for each in sorted(files, key=str) if each.name.endswith((".py", ".yaml"))]


def _measure(
    store: Store, register: Register, plan: MeasurementPlan, release: str, loaded: Sequence[Loaded]
) -> PlanRun:
    """Ask everything, then run the registered plan over the table and record every result."""
    rows = answer_table(loaded, on=hong_kong_date(register.clock()), lines=_said().reports.lines)
    found = find_plan(register, plan.use, plan_digest(plan))
    assert found is not None
    asked = Asked(release, found.reference, plan.variants, taken_at=register.now(), demo=True)
    run = run_plan(plan, Given(table_columns(rows)), asked)
    record_run(register, run, signer_of(store, register.institution, "collector"))
    return run


def _attest(store: Store, register: Register, release: str) -> None:
    """Add the fictional statements that a firm would make, and a plan of a trial."""
    said, statements, taken_at = _said(), demo_attestations(), register.now()
    topics = register.case(said.use, release).topics
    predicates = [
        (item.by, as_predicate(item, statements.note, taken_at))
        for item in statements.every_measured_use
        if item.topic in said.attestations and item.topic in topics
    ]
    for holder, predicate in [*predicates, ("executive", _trial(said, register))]:
        target = release if topics[predicate.topic].about == "release" else use_digest(said.use)
        subject = Subject(name=said.use, digest=SubjectDigest(sha256=target))
        statement = Statement(
            type_=STATEMENT_TYPE, subject=[subject], predicate_type=PREDICATE_TYPE, predicate=predicate
        )
        register.add_evidence(statement, [signer_of(store, register.institution, holder)])


def _trial(said: _Said, register: Register) -> Predicate:
    claim = primary_claim(_declaration(said))
    assert claim is not None
    until = format_instant(add_days(register.clock(), said.trial.days))[:10]
    fields: dict[str, Value] = {
        "mode": "trial",
        "decisions_max": said.trial.decisions,
        "until": until,
        "measures": claim.id,
    }
    return Predicate(
        kind=EvidenceKind.APPROVAL, topic="trial_plan", fields=fields, taken_at=register.now(), note=demo_attestations().note, demo=True
    )  # fmt: skip


def _ask(runtime: Runtime, institution: str, loaded: Sequence[Loaded]) -> list[ResearchAnswer]:
    """Lay reports on the desk and ask of each, as a fictional analyst; on trial the first answer is read, the other left to wait for whoever looks."""
    data = (resources.files("dualtrack.demo") / "data" / "research-desk.yaml").read_bytes()
    replace_file(runtime.store.workspace.path(SETTINGS_NAME), data)
    asked: list[ResearchAnswer] = []
    with Desk(runtime, institution) as desk:
        for place, each in enumerate(loaded):
            about = about_made(each.truth)
            desk.load_bytes(about.name, each.pdf, about, by="first-line")
            language: Language = "en" if each.truth.language == "en" else "zh-Hant"
            question = _said().asked[language].format(name=about.issuer)
            try:
                kept = desk.ask(question, by="first-line", language=language)
            except RefusedError as error:
                asked.append(ResearchAnswer(question, f"refused, {error.code}"))
                continue
            outcome = kept.reply.outcome if kept.reply else _HELD
            asked.append(
                ResearchAnswer(question, _review(runtime, desk) if outcome == _HELD and not place else outcome)
            )
    return asked


def _review(runtime: Runtime, desk: Desk) -> str:
    """Let a program in the place of a reader approve the answer that waits, where every citation of it holds; returns what it did."""
    reviews = ReviewDesk(desk.register, runtime.recorder(desk.institution).contents)
    reader = f"{desk.institution}-reviewer"
    (waiting,) = reviews.queue(use=desk.settings.use)
    reviews.act(waiting["id"], "claim", reader, ["reviewer"])
    view = reviews.get(waiting["id"], by=reader, reason="DEMO: to review it (fictional)")
    reply = read_record(msgspec.json.decode(view.text or "null"), Reply, where="reply")
    action: ActionName = "approve" if citations_hold(reply, desk.store) else "reject"
    return reviews.act(waiting["id"], action, reader, ["reviewer"], reason=_READ).status
