"""Every command given things that are not what it wants: it says so and ends with 2. A traceback fails the test."""

import os

import pytest
from cli_world import USE, picture, run

JUNK = """
ledger show 99999999
ledger show abc
ledger show -- -1
ledger proof 99999999
ledger proof -- -5
ledger proof 0 --from 99
ledger verify --institution nope
ledger cosign junk
ledger cosign absent
ledger request -o folder
ledger request -o absent/x
ledger witness --add junk
rules show folder
rules show junk
rules show list.yaml
rules show wrong.json
rules show deep.json
rules show sfc-24ec55 --rule nope
rules coverage junk
rules diff junk sfc-24ec55
rules diff sfc-24ec55 nope
rules test list.yaml
rules compile junk -o x
rules compile list.yaml
rules compile absent
rules adopt deep.json
rules adopt ../../etc/passwd
explain my-bank/absent
explain nope
explain ../x
explain USE --rule a/b
explain USE --rule nope
explain USE --html folder
explain USE --html absent/x.html
explain USE --release abc
witness init w1 --folder folder
witness add junk --folder absent
witness add absent --folder folder
witness show --folder absent
witness show --folder folder
witness show --folder junk
supervise absent
supervise junk --trust wrong.json
supervise junk --trust absent
supervise folder --trust deep.json
supervise junk --return junk --heads junk
notice show junk
notice show absent
notice accept junk
notice answer junk
notice trust junk
notice trust absent
notice key
restore junk
restore folder
restore wrong.json
backup folder
init x --type bank --name x --folder junk
init x --type bank --name x --folder folder
evidence add USE deep.json --as validator
evidence add USE deep.json --signed
measure USE --plan deep.json --data junk --model os:getcwd
plan register deep.json
plan register folder
plan check junk
recompute junk
recompute folder
report USE --output folder
export USE --format oscal --output folder
price USE --labels folder
mlflow show junk model
declare deep.json
declare folder
release USE --file deep.json
release USE --file wrong.json
release USE --code folder
import junk --sector bank --yes
import folder --sector bank --yes
try folder
try deep.json
try wrong.json -o junk
demo --folder junk
demo --folder absent/deep/x
prove USE -o junk/x
permit my-bank/
doctor --workspace junk
doctor --workspace folder
"""


@pytest.fixture(scope="module")
def place(ws):
    """A folder with files that are none of what any command wants."""
    folder = ws.parent / "place"
    (folder / "folder").mkdir(parents=True)
    (folder / "junk").write_bytes(os.urandom(300))
    (folder / "list.yaml").write_text("- 1\n")
    (folder / "wrong.json").write_text('{"format": "x"}')
    (folder / "deep.json").write_text("[" * 100_000)
    return folder


@pytest.mark.parametrize("command", [line for line in JUNK.splitlines() if line])
def test_junk_ends_with_2_and_a_sentence(ws, place, monkeypatch, command):
    monkeypatch.chdir(place)
    monkeypatch.setenv("DUALTRACK_WORKSPACE", str(ws))
    before = picture(ws.parent)
    done = run(*(USE if word == "USE" else word for word in command.split()))
    assert done.code == 2, done.out
    assert done.err.startswith(("error: ", "Usage: "))
    assert picture(ws.parent) == before
