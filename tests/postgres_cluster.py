"""A throw-away PostgreSQL from the operating system's binaries, in a temporary folder, on a unix socket."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from sqlalchemy import create_engine, make_url

PORT = 5432


class Cluster:
    """One server. As root it runs under the user `postgres`, since PostgreSQL refuses to run as root."""

    def __init__(self, binaries: Path) -> None:
        self._binaries = binaries
        self.folder = Path(tempfile.mkdtemp(prefix="dualtrack-pg-"))
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as_user = ["runuser", "-u", "postgres", "--"]
        self._data = self.folder / "data"
        self._run("initdb", "-D", str(self._data), "-A", "trust", "-U", "tester", "-E", "UTF8", "--locale=C")
        self.start()

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses='' -c max_connections=200 -p {PORT}"
        self._run("pg_ctl", "-D", str(self._data), "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    def kill(self) -> None:
        """Kill the server as a power cut would, wait until it is gone, and start it again."""
        pid = int((self._data / "postmaster.pid").read_text().split("\n")[0])
        os.kill(pid, signal.SIGSTOP)  # so that it starts no child while they are counted
        children = [int(text) for text in _children(pid)]
        for process in [pid, *children]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        while any(_alive(process) for process in [pid, *children]):
            time.sleep(0.02)
        # Where nobody reaps orphans the dead server's number still looks taken, as after a reboot it may be.
        for stale in (self._data / "postmaster.pid", self.folder / f".s.PGSQL.{PORT}.lock"):
            stale.unlink(missing_ok=True)
        self.start()

    def go_down(self) -> None:
        """Cut every connection and end, as an operator in a hurry does; `start` brings it back."""
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def restart(self) -> None:
        """Cut every connection and start again."""
        self.go_down()
        self.start()

    def stop(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "stop", check=False)
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://tester@/{database}?host={self.folder}&port={PORT}"

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [*self._as_user, str(self._binaries / program), *arguments]
        done = subprocess.run(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False
        )
        if check and done.returncode:
            raise RuntimeError(f"{program}: {done.stderr[-500:]}")


def fresh_schema(url: str) -> str:
    """Return the address of an empty schema of the test database."""
    name = f"t_{secrets.token_hex(6)}"
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    engine.dispose()
    with_schema = parsed.update_query_dict({"options": f"-csearch_path={name}"})
    return with_schema.set(drivername="postgresql").render_as_string(hide_password=False)


def find_binaries() -> Path | None:
    """Return the newest PostgreSQL's folder of programs, or None."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    usable = [path for path in found if (path / "initdb").exists() and (path / "pg_ctl").exists()]
    return usable[-1] if usable else None


def why_not() -> str:
    """Return why no server can be started here, or no text."""
    if find_binaries() is None:
        return "no PostgreSQL server in /usr/lib/postgresql (Debian package postgresql)"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            return "running as root, and there is no user `postgres` to run the server as"
        if shutil.which("runuser") is None:
            return "running as root, and there is no runuser"
    return ""


def _children(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:
        return []


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
