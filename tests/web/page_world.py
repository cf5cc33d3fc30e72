"""A firm with a permitted use, its runtime open, and pages rendered through their `show` with everything that people may type."""

from __future__ import annotations

from acting_world import check_page, unlocked

from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.store.verdicts import record_verdict
from dualtrack.web import parts
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.identity.who import Identity
from dualtrack.web.pages.base import PageRequest, View
from dualtrack.web.views.rendering import Language, Renderer, Theme
from permit.firm import FIRM, PASSES, USE, compiled, declaration, known_key, rule
from runtime.runtime_world import World

EVERY_ROLE = frozenset(ConsoleRole) - {ConsoleRole.CUSTOMER_LINK}
HOSTILE = "<script>alert(1)</script>\"'& =1+1 " + "長" * 300
OF_USE = {"institution": FIRM, "use": USE.partition("/")[2]}
"""What a use's addresses name."""

ROW = {"late": 3, "used": 0.9}


class PageWorld:
    """Pages over one firm. `answer` calls the page of a method and a path; `show` renders it in the language asked for."""

    def __init__(self, folder, pages) -> None:
        self.world, self.pages, self.renderer = World(folder), pages, Renderer()
        self.register = self.world.register
        self.runtime = None
        self.services: dict[str, object] = {}

    def start(self) -> PageWorld:
        self.runtime = self.world.open()
        return self

    def close(self) -> None:
        if self.runtime is not None:
            self.runtime.close()
        self.world.close()

    def permit(self, **changes):
        """Permit the use for customers: every decision is durable before it is answered."""
        told = {"en": "A machine answers.", "zh-Hant": "由機器回應。"}
        policy = {"audience": "customers", "opt_out": True, "disclosure": {"text": told, "every": True}}
        found = self.world.permit(packs=rules_of_two(), **(policy | changes))
        if self.runtime is not None:
            self.runtime.snapshots.refresh()
        return found

    def declare(self, **changes) -> None:
        """Declare the use again, with other words."""
        self.register.declare(read_record(declaration(**changes), UseCase, where="test"), known_key("owner"))

    def assess(self):
        found = record_verdict(self.register, USE)
        self.runtime.snapshots.refresh()
        return found

    def decide(self, row=ROW, **more):
        """Decide one row with the released scorecard."""
        self.runtime.snapshots.refresh()

        def score(checked):
            found = self.runtime.models.of(self.runtime.gate.enter(USE)).score(checked)
            return Scoring(found.output, tuple(name for name, _ in found.reasons))

        return decide(self.runtime, USE, row, score, **more)

    def answer(
        self,
        method,
        pattern,
        *,
        by="owner",
        roles=EVERY_ROLE,
        uses=None,
        language="en",
        path=None,
        query=None,
        form=None,
    ):
        """Return what a page gives to this holder."""
        page = next(page for page in self.pages if (page.method, page.path) == (method, pattern))
        identity = Identity(
            name=by, institution=FIRM, roles=frozenset(roles), means="session", holder=by, auth_s=0, uses=uses
        )
        request = PageRequest(
            runtime=self.runtime,
            identity=identity if page.verb is not None else None,
            language=language,
            path=path or {},
            query=query or {},
            form=form or {},
            unlock=lambda password: unlocked(by, password),
            source="192.0.2.7",
            services=self.services,
        )
        return page.show(request)

    def html(self, view, language="en") -> str:
        """Return a view as the console would send it, checked as every page is."""
        assert isinstance(view, View), view
        given = {"title": view.title, **view.context}
        shell = parts.Shell("/here", "/?lang", "/appearance", token="form-token", trail=given.pop("trail", ()))
        text = self.renderer.render(view.template, Language(language), Theme.AUTO, shell=shell, **given)
        check_page(text)
        return text

    def show(self, method, pattern, *, language="en", **given) -> str:
        return self.html(self.answer(method, pattern, language=language, **given), language)

    def both(self, method, pattern, **given) -> tuple[str, str]:
        """Return the page in both languages; each must say something of its own."""
        english, chinese = (self.show(method, pattern, language=language, **given) for language in ("en", "zh-Hant"))
        assert english != chinese
        assert 'lang="zh-Hant-HK"' in chinese
        return english, chinese


def rules_of_two():
    """Return a pack with a rule that passes and a condition that wants evidence nobody has."""
    return [compiled([rule("r", PASSES), rule("open", "ev.benefit.estimate >= 0.5", severity="S3", clock_days=30)])]


__all__ = ["EVERY_ROLE", "FIRM", "HOSTILE", "OF_USE", "ROW", "USE", "PageWorld", "rules_of_two"]
