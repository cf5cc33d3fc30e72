"""The rules of the house, as a program. They only ever tighten: no list of exceptions here may grow."""

from __future__ import annotations

import ast
import json
import re
import tomllib
from functools import cache

import pytest

from house_tree import (
    PACKAGE,
    ROOT,
    VERIFIER,
    bound_names,
    comments,
    functions,
    imports,
    listed_names,
    name_of,
    none_of,
    project_files,
    public_names,
    room_of,
    sorted_names,
    source_trees,
    texts,
    trees,
)

FILE_LINES_MAX = 400
VERIFIER_LINES_MAX = 1_540  # one file on purpose: somebody who distrusts us reads it whole
FUNCTION_LINES_MAX = 70
RATCHET = ROOT / "tests" / "house_ratchet.json"

PURE_ROOMS = {"domain", "rules", "permit"}
IMPURE_MODULES = {
    "os",
    "random",
    "secrets",
    "time",
    "tempfile",
    "shutil",
    "socket",
    "urllib",
    "subprocess",
    "sqlalchemy",
}
IMPURE_CALLS = re.compile(
    r"\b(datetime\.(now|utcnow|today)|date\.today|time\.\w+\(|random\.|os\.(environ|getenv|urandom)|uuid\.uuid[14]|"
    r"getrandom|locale\.|input\(|print\()"
)
CLOCKS = {"now", "utcnow", "today"}
FILE_CALLS = {
    "read_text", "read_bytes", "write_text", "write_bytes", "iterdir", "glob", "rglob", "unlink", "mkdir", "rmdir",
    "touch", "exists", "is_file", "is_dir", "stat", "chmod", "rename", "resolve",
}  # fmt: skip

MARKS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"]) + r")\b")
MACHINE_PATHS = re.compile(
    r"(?<![\w.~*)}\-])/(" + "|".join(["wo" + "rk", "ro" + "ot", "ho" + "me", "op" + "t"]) + r")(/|\b(?![\w-]))"
)
REGISTRY_HOSTS = re.compile(
    "|".join([r"pypi\." + "org", r"pythonhosted\." + "org", r"npmjs\." + "org", r"conda\." + "io"])
)
REGISTRY_HOSTS_ALLOWED: set[str] = set()
PRIVATE_KEY = re.compile("-----BEGIN [A-Z0-9 ]*PRIVATE" + r" KEY-----\s+[A-Za-z0-9+/=]{40}")


# --- sizes ---


def test_files_stay_short():
    none_of(
        f"{name_of(path)}: {lines} lines, at most {limit}; look for the seam"
        for path in trees()
        for lines in [texts()[path].count("\n")]
        for limit in [VERIFIER_LINES_MAX if path == VERIFIER else FILE_LINES_MAX]
        if lines > limit
    )


@cache
def long_functions():
    """Return the length of each function above the limit, by file and dotted name."""
    lengths = {
        f"{name_of(path)}::{name}": node.end_lineno - node.lineno + 1
        for path, tree in trees().items()
        for name, node in functions(tree)
    }
    return {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES_MAX}


def test_functions_stay_short():
    allowed = json.loads(RATCHET.read_text())["functions"]
    none_of(
        f"{name}: {lines} lines, at most {allowed.get(name, FUNCTION_LINES_MAX)}"
        for name, lines in long_functions().items()
        if lines > allowed.get(name, FUNCTION_LINES_MAX)
    )


def test_the_ratchet_only_tightens():
    found = long_functions()
    none_of(
        f"{name}: the ratchet allows {lines} lines, it has {found.get(name, f'at most {FUNCTION_LINES_MAX}')}: lower or remove it"
        for name, lines in json.loads(RATCHET.read_text())["functions"].items()
        if found.get(name) != lines
    )


# --- what a module says about itself ---


def test_modules_list_their_public_names():
    offences = []
    for path, tree in source_trees().items():
        public, listed = public_names(tree), listed_names(tree)
        if path.parent.name == "versions":  # migrations: their names are Alembic's
            continue
        if listed is None:
            offences += [f"{name_of(path)}: no __all__ for {sorted(public)[:5]}"] if public else []
            continue
        if listed != sorted_names(listed) or len(set(listed)) != len(listed):
            offences.append(f"{name_of(path)}: __all__ is not sorted: {sorted_names(set(listed))}")
        if path != VERIFIER:  # one file: its list is what callers use, not all that a reader sees
            offences += [
                f"{name_of(path)}: {name} is public: list it or begin it with _" for name in public - set(listed)
            ]
        offences += [f"{name_of(path)}: {name} is in __all__ and not there" for name in set(listed) - bound_names(tree)]
    none_of(offences)


def test_modules_and_rooms_say_what_they_are_for():
    least = {"__init__.py": 50}
    none_of(
        f"{name_of(path)}: docstring of {len(ast.get_docstring(tree) or '')} characters"
        for path, tree in source_trees().items()
        if texts()[path].strip() and len(ast.get_docstring(tree) or "") < least.get(path.name, 20)
    )


def test_every_room_stands_in_the_layers():
    contracts = tomllib.loads(texts()[ROOT / "pyproject.toml"])["tool"]["importlinter"]["contracts"]
    layers = {name.strip("()") for contract in contracts if contract["type"] == "layers" for name in contract["layers"]}
    rooms = {room_of(path) for path in source_trees() if PACKAGE in path.parents} - {"__init__", "__main__"}
    none_of(f"{room}: stands in no layer" for room in rooms - layers)


# --- marks that say a thing is not done ---


def test_nothing_is_left_for_later():
    none_of(
        f"{name_of(path)}:{number}: {line.strip()[:80]}"
        for path, text in texts().items()
        if path.suffix in {".py", ".md", ".toml", ".sh", ".j2", ".html"}
        for number, line in enumerate(text.splitlines(), 1)
        if MARKS.search(line)
    )


def test_nothing_raises_not_implemented():
    none_of(
        f"{name_of(path)}:{node.lineno}"
        for path, tree in trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise) and node.exc and "NotImplementedError" in ast.unparse(node.exc)
    )


def test_checkers_are_silenced_only_by_name():
    blanket = re.compile(r"type:\s*ignore(?!\[\w)|noqa(?!: ?[A-Z]+\d)", re.IGNORECASE)
    none_of(
        f"{name_of(path)}:{number}: {text}"
        for path in trees()
        if blanket.search(texts()[path])  # reading comments out of a file takes far longer than this look
        for number, text in comments(texts()[path])
        if blanket.search(text)
    )


def test_wide_nets_give_their_reason():
    """`except Exception` needs a comment on its line that is more than an order to the linter; one that ends with `raise` hides nothing."""
    offences = []
    for path, tree in trees().items():
        caught = [
            (node, ast.unparse(node.type) if node.type else "")
            for node in ast.walk(tree)
            if isinstance(node, ast.ExceptHandler)
        ]
        wide = [(node, name) for node, name in caught if not name or re.search(r"\b(Base)?Exception\b", name)]
        found = comments(texts()[path]) if wide else ()
        said = {number: re.sub(r"#\s*noqa:\s*[A-Z0-9, ]+|[#\s-]", "", text) for number, text in found}
        for node, name in wide:
            passed_on = isinstance(node.body[-1], ast.Raise) and node.body[-1].exc is None
            if not name or (not passed_on and len(said.get(node.lineno, "")) < 10):
                offences.append(f"{name_of(path)}:{node.lineno}: except {name} without a reason on the line")
    none_of(offences)


# --- what must not be in any file ---


def places(pattern):
    """Yield file, line number and match of a pattern over all project files."""
    for path, text in texts().items():
        for match in pattern.finditer(text):
            yield path, text.count("\n", 0, match.start()) + 1, match[0]


def test_no_path_of_a_machine():
    none_of(f"{name_of(path)}:{line}: {found}" for path, line, found in places(MACHINE_PATHS))


def test_no_registry_host():
    none_of(
        f"{name_of(path)}:{line}: {found}"
        for path, line, found in places(REGISTRY_HOSTS)
        if name_of(path) not in REGISTRY_HOSTS_ALLOWED
    )


def test_no_private_key():
    none_of(f"{name_of(path)}:{line}: {found[:30]}" for path, line, found in places(PRIVATE_KEY))
    none_of(name_of(path) for path in project_files() if path.suffix in {".key", ".pem", ".p12", ".pfx"})


# --- purity and layers that import-linter cannot see ---


def pure_trees():
    """Return the trees of the rooms that may know no clock, chance, environment or file."""
    return {
        path: tree for path, tree in source_trees().items() if PACKAGE in path.parents and room_of(path) in PURE_ROOMS
    }


def test_pure_rooms_import_nothing_impure():
    none_of(
        f"{name_of(path)}: imports {module}"
        for path, tree in pure_trees().items()
        for module in imports(tree)
        if module.split(".")[0] in IMPURE_MODULES
    )


def opens_a_file(node):
    """Tell whether a call opens, reads or writes a file, as far as its form tells."""
    if isinstance(node.func, ast.Name):
        return node.func.id == "open"
    if not isinstance(node.func, ast.Attribute):
        return False
    mode_only = all(isinstance(argument, ast.Constant) for argument in node.args)
    return node.func.attr in FILE_CALLS or (node.func.attr == "open" and mode_only)


def test_pure_rooms_read_no_clock_chance_environment_or_file():
    """The package's own data may be read, as resources; a module that does so handles no paths of others."""
    offences = set()
    for path, tree in pure_trees().items():
        used = imports(tree)
        own_files = "importlib.resources" in used and "pathlib" not in used
        for node in ast.walk(tree):
            if not isinstance(node, (ast.Call, ast.Attribute)):
                continue
            if is_impure(node) or (isinstance(node, ast.Call) and opens_a_file(node) and not own_files):
                offences.add(f"{name_of(path)}:{node.lineno}: {ast.unparse(node)[:60]}")
    none_of(offences)


def is_impure(node):
    """Tell whether a call or attribute asks a clock, chance or the environment, under whatever name it was imported."""
    clock = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
    return clock or IMPURE_CALLS.match(ast.unparse(node)) is not None


@pytest.mark.parametrize(
    "snippet",
    [
        "datetime.now(UTC)",
        "dt.datetime.now()",
        "datetime.datetime.utcnow()",
        "dt.date.today()",
        "time.time()",
        "uuid.uuid4()",
    ],
)
def test_a_clock_or_chance_is_seen_in_every_spelling(snippet):
    assert any(is_impure(node) for node in ast.walk(ast.parse(snippet)) if isinstance(node, (ast.Call, ast.Attribute)))


@pytest.mark.parametrize("snippet", ["path.unlink()", "path.exists()", "open(name)", "path.open('rb')", "path.mkdir()"])
def test_a_file_is_seen_in_every_spelling(snippet):
    assert opens_a_file(ast.parse(snippet).body[0].value)


def test_the_verifier_trusts_nothing_of_ours():
    none_of(
        f"dualtrack_verify.py imports {module}"
        for module in imports(trees()[VERIFIER])
        if module.split(".")[0] in {"dualtrack", "msgspec", "yaml", "cryptography"}
    )


def test_only_who_may_imports_the_verifier():
    none_of(
        name_of(path)
        for path, tree in source_trees().items()
        if PACKAGE in path.parents and room_of(path) not in {"supervisor", "cli", "demo"}
        if "dualtrack_verify" in imports(tree)
    )
