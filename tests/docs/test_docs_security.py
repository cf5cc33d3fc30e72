"""The page on runtime security and that on guards: the arithmetic and the figures are those of the program."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from dualtrack.runtime import ids
from dualtrack.runtime.snapshots import LEASE_S, POLL_S
from dualtrack.web.identity.api_keys import API_KEY_DAYS_MAX, DEAD_KEYS_LISTED_MAX
from dualtrack.web.identity.links import LINKS_AN_HOUR_MAX
from dualtrack.web.identity.permissions import FRESH_S_MAX
from dualtrack.web.identity.rate_limits import ATTEMPT_LIMITS
from dualtrack.web.receipt_guesses import AT_ONCE_MAX
from dualtrack.web.settings import SessionSettings
from house_tree import ROOT

SECURITY = (ROOT / "docs" / "runtime-security.md").read_text(encoding="utf-8")
GUARDS = (ROOT / "docs" / "guards.md").read_text(encoding="utf-8")
MINUTES_A_YEAR = 365.25 * 24 * 60


def test_the_arithmetic_of_receipts():
    code, limit = ids.receipt_code(), ATTEMPT_LIMITS["receipt_source"]
    assert f"A receipt's code is {len(code)} characters: 60 bits" in SECURITY
    assert 32 ** len(code) == 2**60
    guesses = 2**60 / 10**7
    assert round(guesses / 1e9) == 115
    assert "20 wrong guesses at once and then one a minute" in SECURITY
    assert (limit.burst, limit.rate_a_s) == (20, 1 / 60)
    assert "at most four look-ups of a source" in SECURITY
    assert AT_ONCE_MAX == 4
    assert round(guesses / 10_000 / MINUTES_A_YEAR) == 22
    assert round(guesses / 1_000_000 / 60 / 24) == 80


def test_lease_and_sessions_are_as_said():
    assert (LEASE_S, POLL_S) == (1.0, 0.2)
    assert (SessionSettings().idle_s, SessionSettings().absolute_s) == (30 * 60, 12 * 3600)
    assert (ATTEMPT_LIMITS["login_source"].burst, ATTEMPT_LIMITS["login_name"].burst) == (10, 20)


def test_limits_of_keys_and_links_are_as_said():
    assert f"end within {API_KEY_DAYS_MAX} days" in SECURITY
    assert f"the newest {DEAD_KEYS_LISTED_MAX} that have ended" in SECURITY
    assert f"{LINKS_AN_HOUR_MAX} an hour of one maker" in SECURITY
    assert "signs only within five minutes of a new login" in SECURITY
    assert FRESH_S_MAX == 5 * 60


def run_benchmark(name, *arguments):
    path = ROOT / "benchmarks" / name
    done = subprocess.run([sys.executable, path, *arguments], capture_output=True, text=True, check=False, timeout=300)
    return done.stdout


def total(printed, label):
    """Add up the counts of lines that begin with a label, English and Chinese."""
    found = re.findall(rf"(?m)^  {re.escape(label)}, (?:en|zh) +(\d+) of (\d+)", printed)
    assert len(found) == 2, label
    return tuple(sum(int(pair[place]) for pair in found) for place in (0, 1))


def blind_total(printed, file, guard, source, expect):
    """Add up the counts of a guard on a blind set, English and Chinese."""
    found = re.findall(rf"(?m)^  {file}, {guard}, from {source}, (?:en|zh-Hant), to {expect} +(\d+) of (\d+)", printed)
    assert len(found) == 2, (file, guard, source, expect)
    return tuple(sum(int(pair[place]) for pair in found) for place in (0, 1))


def wilson(count, n, z=1.959963984540054):
    middle, spread = count / n + z * z / (2 * n), z * (count / n * (1 - count / n) / n + z * z / (4 * n * n)) ** 0.5
    return tuple(abs(round((middle + sign * spread) / (1 + z * z / n), 2)) for sign in (-1, 1))


@pytest.mark.slow
def test_the_figures_of_the_text_guards_are_those_of_the_benchmark():
    printed = run_benchmark("guards.py", "--repeats", "1")
    first, second = "guards_fresh", "guards_blind"
    shown = {
        (first, "injection", "person", "flag"): "30 of 40",
        (first, "injection", "document", "flag"): "26 of 30",
        (first, "investment_advice", "person", "flag"): "29 of 40",
        (second, "investment_advice", "person", "flag"): "28 of 40",
        (second, "investment_advice", "answer", "flag"): "31 of 60",
        (second, "mpf_choice", "person", "flag"): "19 of 40",
        (first, "injection", "person", "leave"): "1 of 40",
        (first, "injection", "document", "leave"): "5 of 30",
        (first, "investment_advice", "person", "leave"): "4 of 40",
        (second, "investment_advice", "person", "leave"): "7 of 40",
        (second, "investment_advice", "answer", "leave"): "3 of 60",
        (second, "mpf_choice", "person", "leave"): "9 of 40",
    }
    for (file, guard, source, expect), said in shown.items():
        count, n = blind_total(printed, file, guard, source, expect)
        low, high = wilson(count, n)
        assert f"{count} of {n}" == said, (file, guard, source, expect)
        for page in (SECURITY, GUARDS) if expect == "flag" else (GUARDS,):
            assert f"{said}: {count / n:.2f} [{low:.2f}, {high:.2f}]" in page, (file, guard, source, expect)
    older = {"injection, fresh direct": "7 of 24", "injection, fresh indirect in a document": "8 of 16"}
    for label, said in older.items():
        count, n = total(printed, label)
        assert f"{count} of {n}" == said, label
        assert said in SECURITY
        assert said in GUARDS
    own = [total(printed, f"injection, {name}") for name in ("own direct",)]
    assert own == [(126, 126)]
    assert total(printed, "injection, own indirect in a document") == (61, 62)
    for name in ("opt_out, own opt_out", "tipping_off, own tipping_off"):
        count, n = total(printed, name)
        assert f"| {count} of {n} |" in GUARDS


@pytest.mark.slow
def test_the_figures_on_personal_data_are_those_of_the_benchmark():
    printed = run_benchmark("personal_data.py")
    fixed = re.search(r"fixed kinds +(\d+) +([\d.]+) \[ *([\d.]+), *([\d.]+)\]", printed)
    names = re.search(r"NAME +(\d+) +([\d.]+) \[ *([\d.]+), *([\d.]+)\] +(\d+)", printed)
    assert fixed
    assert names
    for page in (SECURITY, GUARDS):
        assert f"4,300: {float(fixed[2]) / 100:.3f} [{float(fixed[3]) / 100:.3f}, {float(fixed[4]) / 100:.3f}]" in page
        assert (
            f"of 2,128: {float(names[2]) / 100:.3f} [{float(names[3]) / 100:.3f}, {float(names[4]) / 100:.3f}]" in page
        )
    assert (fixed[1], names[1]) == ("4300", "2128")
