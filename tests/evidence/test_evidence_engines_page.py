"""The page on engines: its code runs and prints what it says."""

from __future__ import annotations

import re

import pytest

from house_tree import ROOT

PAGE = ROOT / "docs" / "scale.md"


def test_the_code_of_the_page_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("narwhals", reason="the extra `evidence` is not installed")
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"(?ms)^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"))
    exec(compile(code, PAGE.name, "exec"), {})
    expected = re.search(r"# (\(\('0'.*)$", code, re.MULTILINE)[1]
    assert capsys.readouterr().out.strip() == expected
