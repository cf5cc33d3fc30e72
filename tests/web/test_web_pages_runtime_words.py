"""What the runtime says in English has Chinese words: every reason that its code can give, and every signal."""

from __future__ import annotations

import ast
import inspect
import re
from importlib import resources

import pytest

from dualtrack.domain.documents import read_yaml
from dualtrack.runtime import compiling, duties
from dualtrack.runtime.standing import standing_settings
from dualtrack.web.views.meanings import knows, meaning_of
from dualtrack.web.views.runtime_words import runtime_words, signal_words
from dualtrack.web.views.wording import Say

ENGLISH, CHINESE = Say("en"), Say("zh-Hant")
SAID = {"said", "reason", "gaps"}
"""Names under which reasons are made in the runtime's code."""


def plain(node: ast.expr) -> str | None:
    """Return a text of the code with something in its gaps; a formatted one has `x` for each value."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "x" for part in node.values)
    return None


def reasons(module) -> set[str]:
    """Return the reasons that a module gives: what it names so, and what it closes a use with."""
    found: list[ast.expr] = []
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_closed":
            found += node.args[2:3]
        elif isinstance(node, ast.Assign) and {getattr(name, "id", "") for name in node.targets} & SAID:
            value = node.value
            found += [key for key in value.keys if key] if isinstance(value, ast.Dict) else [*ast.walk(value)]
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            found += node.value.elts[1:]
    parts = {part for node in found if isinstance(node, ast.JoinedStr) for part in node.values}
    texts = {text for node in found if isinstance(node, ast.expr) and node not in parts and (text := plain(node))}
    return {text for text in texts if " " in text.strip() and not text.startswith("`")}


REASONS = sorted(reasons(compiling) | reasons(duties))


def test_the_code_is_read():
    assert {"the release pins no runtime policy", "every model of it is on hold", "on hold since x"} <= set(REASONS)
    assert "a disclosure is due and the runtime policy has none" in REASONS
    assert "a trial permit: every output is reviewed by a person" in REASONS


@pytest.mark.parametrize("reason", REASONS)
def test_every_reason_has_chinese_words(reason):
    said = reason.replace("has expired: x", "has expired: at 2026-11-23T02:00:00Z")
    if "its permit has x" in said:
        said = "its permit has lapsed: sfc-24ec55/GOV-01"
    shown = runtime_words(said, CHINESE)
    assert re.search(r"[\u4e00-\u9fff]", shown), shown
    assert "<span" not in shown
    assert runtime_words(said, ENGLISH) == said


def test_gaps_are_said_in_the_readers_words():
    assert "2026年11月23日" in runtime_words("on hold since 2026-11-23T02:00:00Z", CHINESE)
    assert "24EC55第18(b)段" in runtime_words("review before release is due: 24EC55 paragraph 18(b)", CHINESE)
    found = runtime_words("permit.none: no permit was ever computed for this use", CHINESE)
    assert found == "permit.none：從未為此用途計算出准許"
    assert "on hold" not in runtime_words("on hold since some day", CHINESE)


def test_every_signal_is_said_in_chinese():
    for rule in standing_settings().signals:
        assert signal_words(rule.says.en, CHINESE) == rule.says.zh
        assert rule.says.zh in runtime_words(f"narrowed by signal: {rule.says.en}", CHINESE)


def test_what_is_not_known_stays_english_and_is_marked():
    assert (
        runtime_words("the moon is <full> tonight", CHINESE)
        == '<span lang="en">the moon is &lt;full&gt; tonight</span>'
    )


def test_every_meaning_has_both_languages():
    data = resources.files("dualtrack.web.views").joinpath("refusals.yaml").read_bytes()
    for code in read_yaml(data, where="refusals.yaml"):
        found = meaning_of(code)
        assert knows(code)
        for text in (found.says, found.do):
            assert text.en.strip()
            assert re.search(r"[\u4e00-\u9fff]", text.zh), code
            assert not re.search(r"[\u4e00-\u9fff]", text.en), code


def test_an_unknown_code_means_what_its_family_does():
    assert meaning_of("permit.something-new") == meaning_of("permit")
    assert meaning_of("never.heard.of") == meaning_of("other")
    assert not knows("permit.something-new")
