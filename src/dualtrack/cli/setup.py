"""`dualtrack init`: a workspace with an institution, its root key and its log key; all of it or nothing."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dualtrack.cli.desk import checked_words, clock, json_option, open_store, passphrase, print_json
from dualtrack.domain.ids import check_slug
from dualtrack.domain.institution import Institution
from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import InstitutionType
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.keys.files import stands
from dualtrack.keys.vkey import VerifierKey
from dualtrack.runtime.subjects import Subjects
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.faults import STORE_LOST
from dualtrack.store.keyring import create_key, discard_key, key_path
from dualtrack.store.register import Register
from dualtrack.store.store import Store
from dualtrack.store.workspace import CONFIG_NAME, Workspace
from dualtrack.web.identity.secret import SECRET_NAME, ServerSecret

if TYPE_CHECKING:
    from dualtrack.keys.signer import FileSigner

__all__ = ["found_institution", "init_command"]


@click.command("init", epilog="Example: dualtrack init my-bank --type bank --name 'My Bank' --name-zh 我的銀行")
@click.argument("institution")
@click.option(
    "--type",
    "kind",
    type=click.Choice([item.value for item in InstitutionType]),
    metavar="TYPE",
    required=True,
    help=f"One of {', '.join(InstitutionType)}.",
)
@click.option("--name", required=True, help="Name in English.")
@click.option("--name-zh", help="Name in Traditional Chinese; the English one if not given.")
@click.option("--staff", type=click.IntRange(min=1, max=10_000_000), help="Number of staff.")
@click.option("--folder", type=click.Path(path_type=Path), default=Path("dualtrack"), show_default=True)
@click.option("--database", help="SQLite file or postgresql:// address.  [default: sqlite:///main.db]")
@json_option
def init_command(
    institution: str,
    kind: str,
    name: str,
    name_zh: str | None,
    staff: int | None,
    folder: Path,
    database: str | None,
    as_json: bool,
) -> None:
    """Make a workspace with an institution, its root key and its log key.

    An existing workspace takes a further institution. Move the root key offline once people have their keys.
    """
    check_slug(institution, where="institution")
    text = Text(en=checked_words(name, "--name"), zh=checked_words(name_zh or name, "--name-zh"))
    if stands(folder / CONFIG_NAME) and (folder / CONFIG_NAME).is_file():
        if database is not None:
            raise FieldError(
                "the workspace has a database already", where="--database", fix="leave it out: an institution joins it"
            )
        workspace = Workspace.open(folder)
        with open_store(workspace) as store:
            found_institution(workspace, store, institution, InstitutionType(kind), text, staff=staff)
        _make_shared_keys(workspace)
    else:
        _make_workspace(folder, database or "sqlite:///main.db", institution, InstitutionType(kind), text, staff)
    if as_json:
        print_json({"workspace": str(folder), "institution": institution, "log": ledger_origin(institution)})
        return
    there = "" if folder == Path("dualtrack") else f" --workspace {folder}"
    click.echo(f"workspace {folder}: institution {institution} founded")
    enter = "" if there else "cd dualtrack, then "
    click.echo(f"next: {enter}dualtrack key new first-line --role owner{there}")
    click.echo(
        f"then: dualtrack key new second-line --role compliance{there}, "
        f"and dualtrack rules adopt PACK --as second-line{there}"
    )


def _make_workspace(
    folder: Path, database: str, institution: str, kind: InstitutionType, name: Text, staff: int | None
) -> None:
    """Make the folder and found the institution in it; a folder that could not be completed is taken away again."""
    new = not stands(folder)
    store = None
    try:
        workspace = Workspace.create(folder, database=database)
        _make_shared_keys(workspace)
        with Store.open(workspace) as store:
            found_institution(workspace, store, institution, kind, name, staff=staff)
    except BaseException:
        # Its root key stays where the entry may be in the database; then the folder must, too.
        if new and (store is None or not key_path(workspace, institution, "root").exists()):
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _make_shared_keys(workspace: Workspace) -> None:
    """Make the keys of pseudonyms and of the web where they are missing, so that a copy of the folder serves elsewhere."""
    Subjects(workspace)
    ServerSecret.load_or_make(workspace.key_folder / SECRET_NAME)


def found_institution(
    workspace: Workspace,
    store: Store,
    institution: str,
    kind: InstitutionType,
    name: Text,
    *,
    staff: int | None = None,
) -> Register:
    """Make root and log keys, list the log key in the workspace and record the institution; all of it or nothing.

    In a demo workspace the institution is a demo too: such a folder is thrown away by the next run.
    """
    if workspace.config.institution(institution) is not None:
        raise FieldError(
            f"institution {institution!r} exists already", where=str(workspace.root), fix="choose another id"
        )
    left = next((key for key in ("root", "log") if key_path(workspace, institution, key).exists()), None)
    if left:
        raise FieldError(
            f"keys of {institution!r} are here, and the workspace does not list it",
            where=str(key_path(workspace, institution, left)),
            fix="choose another id, or move these keys away if nothing was signed with them",
        )
    before, size = workspace.config, store.repository(institution).size()
    try:
        root = create_key(workspace, institution, "root", passphrase=passphrase())
        log = create_key(workspace, institution, "log", passphrase=passphrase())
        listed = VerifierKey.of(ledger_origin(institution), log.public_key).format()
        workspace.save(before.with_institution(InstitutionConfig(id=institution, logs={"main": listed})))
        register = Register(store, institution, log, clock)
        register.found(_record(workspace, institution, kind, name, staff, root), root)
    except BaseException as error:
        if not _may_stand(error, store, institution, size):
            try:
                workspace.save(before)
            finally:
                for holder in ("root", "log"):
                    discard_key(workspace, institution, holder)
        raise
    return register


def _record(
    workspace: Workspace, institution: str, kind: InstitutionType, name: Text, staff: int | None, root: FileSigner
) -> Institution:
    return Institution(
        id=institution,
        name=name,
        type=kind,
        root_key=base64.b64encode(root.public_key).decode(),
        staff=staff,
        demo=workspace.demo,
    )


def _may_stand(error: BaseException, store: Store, institution: str, size: int) -> bool:
    """Tell whether the database may have kept the entry although it did not say so, or was not heard to its end."""
    if isinstance(error, DualtrackError) and error.code == STORE_LOST:
        return True
    try:
        return store.repository(institution).size() != size
    except (DualtrackError, OSError):
        return True
