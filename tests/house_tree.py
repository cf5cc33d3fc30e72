"""What the house tests look at: the project's files, parsed once, and small readers over them."""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tokenize
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
PACKAGE = SOURCE / "dualtrack"
VERIFIER = SOURCE / "dualtrack_verify.py"
FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_LEFT_OUT = {".venv", ".git", "__pycache__", "dist", "build", "dualtrack-demo", "node_modules"}
_BINARY = {".parquet", ".xlsx", ".xls", ".ods", ".png", ".zip", ".gz", ".pyc", ".mo", ".woff2", ".pdf"}


@cache
def project_files():
    """Return what is committed or about to be; where there is no git, everything but environments and caches."""
    asked = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        done = subprocess.run(asked, cwd=ROOT, capture_output=True, check=False)
        names = done.stdout.decode().split("\0") if done.returncode == 0 else []
    except FileNotFoundError:
        names = []
    paths = [ROOT / name for name in names if name] or [
        path
        for path in ROOT.rglob("*")
        if not any(part in _LEFT_OUT or part.endswith("_cache") for part in path.relative_to(ROOT).parts)
    ]
    return sorted(path for path in paths if path.is_file())


@cache
def texts():
    """Return the text of every project file that is text, by path."""
    return {path: path.read_text(encoding="utf-8") for path in project_files() if path.suffix not in _BINARY}


@cache
def trees():
    """Return the syntax tree of every Python file of the project, by path."""
    return {path: ast.parse(text, str(path)) for path, text in texts().items() if path.suffix == ".py"}


def source_trees():
    """Return only those of the product: the package and the verifier."""
    return {path: tree for path, tree in trees().items() if SOURCE in path.parents}


def name_of(path):
    """Return a path as people write it, from the root of the checkout."""
    return path.relative_to(ROOT).as_posix()


def room_of(path):
    """Return the room a source file belongs to; a module of its own, such as errors, is its own room."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def functions(tree):
    """Yield the dotted name and the node of every function, those inside others as well."""

    def walk(node, prefix):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, (*FUNCTION, ast.ClassDef)):
                name = f"{prefix}{child.name}"
                if isinstance(child, FUNCTION):
                    yield name, child
                yield from walk(child, f"{name}.")
            else:
                yield from walk(child, prefix)

    return walk(tree, "")


def has_logic(tree):
    """Tell whether a module defines a function or class at its top."""
    return any(isinstance(node, (*FUNCTION, ast.ClassDef)) for node in tree.body)


def public_names(tree):
    """Return the public names that a module defines itself at its top, also under `if` and `try`."""
    found = set()

    def bind(target):
        if isinstance(target, ast.Name):
            found.add(target.id)
        for child in getattr(target, "elts", ()):
            bind(child)

    def walk(body):
        for node in body:
            if isinstance(node, (*FUNCTION, ast.ClassDef)):
                found.add(node.name)
            elif isinstance(node, ast.Assign) and not re.match(r"(TypeVar|ParamSpec)\(", ast.unparse(node.value)):
                for target in node.targets:
                    bind(target)
            elif isinstance(node, ast.AnnAssign):
                bind(node.target)
            elif isinstance(node, (ast.If, ast.Try)) and "TYPE_CHECKING" not in ast.unparse(
                getattr(node, "test", node)
            ):
                for part in (node.body, node.orelse, getattr(node, "finalbody", [])):
                    walk(part)

    walk(tree.body)
    return {name for name in found if not name.startswith("_")}


def bound_names(tree):
    """Return every name that a module's top defines or imports."""
    imported = {
        (alias.asname or alias.name).split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    return imported | public_names(tree) | {"__version__"}


def listed_names(tree):
    """Return the module's `__all__` as a list, or None."""
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            return ast.literal_eval(node.value)
    return None


def sorted_names(names):
    """Return names as the linter sorts them: constants, classes, the rest; numbers within a name by value."""

    def key(name):
        kind = 0 if name.isupper() else 1 if name[0].isupper() else 2
        return kind, [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]

    return sorted(names, key=key)


def imports(tree):
    """Return the modules that a file imports, wherever the statement stands."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def comments(text):
    """Yield line number and text of each comment."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def none_of(offences):
    """Fail with one offence a line."""
    found = sorted(offences)
    assert not found, f"{len(found)} against the house rules:\n  " + "\n  ".join(found)
