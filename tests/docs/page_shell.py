"""Runs what a page shows, in the order of the page: its files are written, its commands run, its outputs compared."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from dualtrack.intake import sample_path

BLOCK = re.compile(r"(?ms)^```(\w*)\n(.*?)^```$")
STEP = re.compile(r"(?ms)^(?:<!-- file: (\S+) -->\n)?```(\w*)\n(.*?)^```$")
SECONDS_MAX = 600
READY_S = 120


class Command(NamedTuple):
    """A command of a console block, with the lines shown below it."""

    line: str
    shown: tuple[str, ...]


class File(NamedTuple):
    """A file that a page shows whole."""

    name: str
    text: str


def console_lines(page):
    """Return the commands of a page, in order: the lines of its console blocks that begin with `$ `."""
    return [step.line for step in steps(page) if isinstance(step, Command)]


def steps(page, *, before=None, after=None):
    """Return what a page has its reader do: files to write and commands to run; `before` or `after` a mark in it."""
    text = page.read_text(encoding="utf-8")
    text = text.partition(before)[0] if before else text
    text = text.partition(after)[2] if after else text
    found = []
    for name, kind, body in STEP.findall(text):
        if name:
            found.append(File(name, body))
        elif kind == "console":
            found += _commands(body)
    return found


def _commands(body):
    found = []
    for line in body.splitlines():
        if line.startswith("$ "):
            found.append(Command(line[2:], ()))
        elif found and found[-1].line.endswith("\\"):
            found[-1] = Command(f"{found[-1].line}\n{line.removeprefix('> ')}", ())
        elif found and line.strip():
            found[-1] = found[-1]._replace(shown=(*found[-1].shown, line))
    return found


def command_path():
    """Return the command beside this interpreter."""
    found = Path(sys.executable).parent / "dualtrack"
    assert found.exists(), "the command is not installed beside this interpreter: run `make test`"
    return str(found)


def free_port():
    """Return a port that nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Shell:
    """Runs lines one after the other in a folder, keeping folder and exported variables between them, as a terminal does.

    `swaps` replaces texts of the page, as ports that may be taken here. A line that ends in ` &` goes on in the background.
    """

    def __init__(self, folder, environment, swaps=None):
        self.folder, self.environment, self.swaps = folder, environment, swaps or {}
        self.state = folder.parent / "state.sh"
        self.state.write_text("")
        self.going = []

    def run(self, line):
        script = (
            f". {shlex.quote(str(self.state))}\n{line}\ncode=$?\n"
            f"{{ export -p; printf 'cd %q\\n' \"$PWD\"; }} > {shlex.quote(str(self.state))}\nexit $code\n"
        )
        return subprocess.run(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, capture_output=True, text=True,
            check=False, timeout=SECONDS_MAX, stdin=subprocess.DEVNULL,
        )  # fmt: skip

    def swapped(self, text):
        for old, new in self.swaps.items():
            text = text.replace(old, new)
        return text

    def do(self, step):
        """Do one step of a page; a command must end as the page says, and its output hold the lines shown."""
        if isinstance(step, File):
            (self.folder / step.name).write_text(self.swapped(step.text), encoding="utf-8")
            return
        line = self.swapped(step.line)
        if line.endswith(" &"):
            self._start(line.removesuffix(" &"))
            return
        expected = int(match[1]) if (match := re.search(r"# exit (\d+)$", line)) else 0
        done = self.run(line)
        said = f"$ {line}\nexit {done.returncode}, not {expected}\n{done.stdout}\n{done.stderr}"
        assert done.returncode == expected, said
        whole = " ".join(f"{done.stdout}\n{done.stderr}".split())
        for shown in step.shown:
            parts = re.split(r"\s*…\s*", " ".join(self.swapped(shown).split()))
            pattern = ".*?".join(re.escape(part) for part in parts)
            assert re.search(pattern, whole), f"{shown!r} is not what it printed:\n{said}"

    def _start(self, line):
        """Start a server and wait until one more of the page's ports is listened on."""
        ports = [int(port) for port in self.swaps.values() if port.isdigit()]
        before = {port for port in ports if listens(port)}
        log = (self.folder.parent / f"server-{len(self.going)}.log").open("w+")
        script = f". {shlex.quote(str(self.state))}\nexec {line}\n"
        process = subprocess.Popen(
            ["bash", "-c", script], cwd=self.folder, env=self.environment, stdout=log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        self.going.append((process, log))
        until = time.monotonic() + READY_S
        while not ({port for port in ports if listens(port)} - before):
            log.seek(0)
            assert process.poll() is None, f"$ {line}\n{log.read()}"
            assert time.monotonic() < until, f"$ {line}: nothing listens\n{log.read()}"
            time.sleep(0.1)

    def close(self):
        for process, log in self.going:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()


def listens(port):
    """Tell whether somebody listens on a port of this machine."""
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


def new_shell(tmp_path, swaps=None, **variables):
    """Return a shell in an empty folder that holds a sample inventory, with the installed command on its path."""
    folder = tmp_path / "visitor"
    folder.mkdir()
    shutil.copy(sample_path(), folder / "inventory.xlsx")
    path = f"{Path(command_path()).parent}:{os.environ.get('PATH', os.defpath)}"
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    return Shell(folder, {**kept, "PATH": path, "HOME": str(tmp_path), **variables}, swaps)
