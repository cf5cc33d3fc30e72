"""The demo run: found, declare, measure, assess, and write what people look at. Every verdict is computed here and now."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.demo.bank import MEASURED, attest_firm, evidence_for, measured_declarations, plan_and_train
from dualtrack.demo.firms import declare_templates, demo_firms, found_firm
from dualtrack.demo.language.corpus import USES
from dualtrack.demo.language.model import find_model
from dualtrack.demo.language.running import run_language_use
from dualtrack.demo.language.uses import load_declaration
from dualtrack.demo.pages import write_pages
from dualtrack.demo.research_use import run_research_use
from dualtrack.demo.running import drive_traffic
from dualtrack.demo.supervision import prepare_supervisor
from dualtrack.store.anchors import anchors_document
from dualtrack.store.store import Store
from dualtrack.store.verdicts import prove, record_verdict
from dualtrack.store.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from dualtrack.demo.bank import MeasuredUse
    from dualtrack.demo.firms import DemoFirm
    from dualtrack.demo.language.model import ModelFound, NotRun
    from dualtrack.demo.language.running import LanguageRun
    from dualtrack.demo.research_use import ResearchRun
    from dualtrack.demo.running import Traffic
    from dualtrack.domain.time import Clock
    from dualtrack.store.register import Register
    from dualtrack.store.verdicts import Recorded

__all__ = ["DemoResult", "run_demo"]


class DemoResult(NamedTuple):
    """The folder with everything in it, and the verdicts by institution."""

    folder: Path
    firms: dict[str, DemoFirm]
    recorded: dict[str, list[Recorded]]
    measured: list[MeasuredUse]
    supervisor: Path
    traffic: Traffic
    language: list[LanguageRun]
    research: ResearchRun


def run_demo(folder: Path, clock: Clock, step: Callable[[str], None], *, address: str | None = None) -> DemoResult:
    """Run the demo into a folder; one that is marked as a demo is replaced, any other existing one refused.

    `address` is that of an OpenAI-compatible endpoint whose first model answers in the two language uses; without one,
    or where none answers there, they say "not run". Raises FieldError, before anything is written, for what is no address.
    """
    model = find_model(address)
    workspace = Workspace.create(folder, demo=True, replace=True)
    firms = {firm.id: firm for firm in demo_firms()}
    with Store.open(workspace) as store:
        registers: dict[str, Register] = {}
        for firm in firms.values():
            step(f"founding {firm.name.en}")
            registers[firm.id] = found_firm(store, firm, clock)
        bank_id = next(firm.id for firm in firms.values() if set(MEASURED) <= set(firm.templates))
        declarations = measured_declarations(bank_id)
        for firm in firms.values():
            step(f"declaring {len(firm.templates)} uses of {firm.name.en}")
            declare_templates(store, registers[firm.id], firm, declarations if firm.id == bank_id else {})
        bank = registers[bank_id]
        trained = plan_and_train(store, bank, declarations, lambda what: step(f"training: {what}"))
        taken_at = bank.now()
        attest_firm(store, bank, taken_at)
        measured = []
        for item in trained:
            step(f"measuring: {item.use.title.en}")
            measured.append(evidence_for(store, bank, item, declarations[item.template], taken_at))
        recorded = {}
        for firm in firms.values():
            step(f"assessing {firm.name.en}")
            recorded[firm.id] = _assess_all(registers[firm.id])
        language = _language_uses(workspace, firms, clock, step, model)
        for run in language:
            recorded[run.use.partition("/")[0]].append(run.recorded)
        research = run_research_use(workspace, clock, step)
        recorded[research.use.partition("/")[0]].append(research.recorded)
        (folder / "anchors.json").write_bytes(anchors_document(registers.values()))
        for firm in firms.values():
            step(f"bundles of {firm.name.en}")
            _write_bundles(folder / "bundles", registers[firm.id], recorded[firm.id])
    step("live traffic through the gate")
    traffic = drive_traffic(workspace, bank_id, clock)
    write_pages(folder, [item for items in recorded.values() for item in items], step)
    supervisor = prepare_supervisor(folder, clock)
    return DemoResult(folder, firms, recorded, measured, supervisor, traffic, language, research)


def _language_uses(
    workspace: Workspace,
    firms: dict[str, DemoFirm],
    clock: Clock,
    step: Callable[[str], None],
    model: ModelFound | NotRun,
) -> list[LanguageRun]:
    """Drill and judge the two language uses, each at the firm that its declaration names."""
    runs = []
    for use in USES:
        institution = load_declaration(use).use.partition("/")[0]
        step(f"drills of a language use: {firms[institution].name.en}")
        runs.append(run_language_use(workspace, institution, use, clock, model))
    return runs


def _assess_all(register: Register) -> list[Recorded]:
    uses = [use for use, _ in register.repository.portfolio_entries(register.institution)]
    subjects: list[str | None] = [*uses] or [None]
    return [record_verdict(register, use) for use in subjects]


def _write_bundles(folder: Path, register: Register, recorded: list[Recorded]) -> None:
    folder.mkdir(exist_ok=True)
    for item in recorded:
        subject = item.assessment.use or item.assessment.institution
        (folder / f"{subject.replace('/', '.')}.zip").write_bytes(prove(register, item.assessment.use))
