"""A firm's side of the exchange: whose notices it believes, what it accepted, and what it answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.records import Record, encode, read_record
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import FieldError, NotFoundError, SignatureError
from dualtrack.keys import dsse
from dualtrack.keys.files import make_folder, replace_private
from dualtrack.keys.vkey import NoteKeyType, VerifierKey
from dualtrack.supervisor.account import accounts_of
from dualtrack.supervisor.dry_run import impacts
from dualtrack.supervisor.notice import NOTICE_KIND
from dualtrack.supervisor.returns import RETURN_KIND, answer_notice

if TYPE_CHECKING:
    from dualtrack.keys.signer import Signer
    from dualtrack.store.entries import Receipt
    from dualtrack.store.register import Register
    from dualtrack.store.workspace import Workspace
    from dualtrack.supervisor.dry_run import Impact
    from dualtrack.supervisor.notice import OpenedNotice

__all__ = [
    "Acceptance",
    "accept_notice",
    "accepted_at",
    "answer",
    "check_acceptance",
    "notice_effect",
    "supervisor_key",
    "supervisor_keys",
    "trust_supervisor",
]

_SUPERVISORS_MAX = 20
"""Supervisors of one firm: four financial regulators, Customs, and some abroad."""

_FORMAT = "dualtrack.supervisors/1"
_NAME = "supervisors.json"
_PREFIX, _SUFFIX = "dualtrack.local/", "/notices"


class Acceptance(Record, frozen=True):
    """The firm says that it has read a notice; the notice itself is kept beside the ledger under this digest."""

    notice: str
    id: str
    supervisor: str
    supervisor_key: str
    pack: str | None
    effective_from: str | None
    demo: bool


class _Supervisors(Record, frozen=True):
    format: str
    keys: list[str]


def trust_supervisor(workspace: Workspace, text: str) -> VerifierKey:
    """Enter a supervisor's key, in place of an earlier one of the same name; raises KeyFileError or FieldError."""
    key = _parse(text)
    others = [known for known in supervisor_keys(workspace) if known.name != key.name]
    if len(others) >= _SUPERVISORS_MAX:
        raise FieldError(f"{len(others) + 1} supervisors", where=_NAME, expected=f"at most {_SUPERVISORS_MAX}")
    keys = sorted([*(known.format() for known in others), key.format()])
    replace_private(workspace.path(_NAME), encode(_Supervisors(format=_FORMAT, keys=keys)))
    return key


def supervisor_keys(workspace: Workspace) -> list[VerifierKey]:
    """Return the keys of supervisors that were entered, by name."""
    path = workspace.path(_NAME)
    if not path.is_file():
        return []
    found = read_record(canonical.decode(path.read_bytes(), where=_NAME), _Supervisors, where=_NAME)
    return [_parse(text) for text in found.keys]


def supervisor_key(workspace: Workspace, given: str | None) -> VerifierKey:
    """Return the key to check a notice with: the one given, or the only one entered."""
    if given is not None:
        return _parse(given)
    keys = supervisor_keys(workspace)
    if len(keys) != 1:
        raise NotFoundError(
            f"{len(keys)} keys of supervisors are entered",
            where=str(workspace.root),
            expected="one, or --supervisor-key",
            fix="get the key by another way than the notice, then `dualtrack notice trust KEY`",
        )
    return keys[0]


def notice_effect(register: Register, opened: OpenedNotice) -> list[Impact]:
    """Return what the pack of a notice would do to each assessed use of a firm; nothing is recorded."""
    if opened.pack is None or opened.notice.effective_from is None:
        return []
    return impacts(accounts_of(register), opened.pack, opened.notice.effective_from)


def accept_notice(register: Register, opened: OpenedNotice, data: bytes, key: VerifierKey, signer: Signer) -> Receipt:
    """Record that a notice was read, and keep its exact bytes. Its pack is not adopted by this.

    Raises what `check_acceptance` raises, and FieldError for a notice that was accepted before.
    """
    check_acceptance(register, signer)
    before = accepted_at(register, opened)
    if before is not None:
        raise FieldError(f"it is accepted already, in entry {before}", where=f"notice {opened.notice.id}")
    folder = register.store.workspace.path("notices")
    if not folder.is_dir():
        make_folder(folder)
    replace_private(folder / f"{opened.digest}.json", data)
    record = Acceptance(
        notice=opened.digest,
        id=opened.notice.id,
        supervisor=opened.notice.supervisor,
        supervisor_key=key.format(),
        pack=opened.pack.digest if opened.pack else None,
        effective_from=opened.notice.effective_from,
        demo=opened.notice.demo,
    )
    return register.append_record(NOTICE_KIND, register.institution, record, [signer])


def check_acceptance(register: Register, signer: Signer) -> None:
    """Raise SignatureError for a signer who is not compliance, as with a return: it speaks for the firm."""
    if Role.COMPLIANCE not in register.roles_of(signer):
        raise SignatureError(
            f"{signer.name!r} has no key in force with role compliance",
            where=register.institution,
            fix="sign with --as and a holder of the role",
            code="signature.wrong-role",
        )


def accepted_at(register: Register, opened: OpenedNotice) -> int | None:
    """Return the index of the entry in which a notice was accepted, or None."""
    for entry in register.repository.every(kinds=(NOTICE_KIND,)):
        if isinstance(entry, Entry):
            payload = canonical.decode(dsse.parse(entry.content).payload)
            if isinstance(payload, dict) and payload.get("notice") == opened.digest:
                return entry.index
    return None


def answer(register: Register, opened: OpenedNotice, signer: Signer) -> tuple[bytes, Receipt]:
    """Compute, sign and record the return to a notice; returns its bytes as they travel."""
    institution = register.case(None, None).found.institution
    accounts = accounts_of(register)
    made = answer_notice(opened, register.institution, accounts, register.now(), demo=institution.demo)
    receipt = register.append_record(RETURN_KIND, register.institution, made, [signer])
    return register.repository.entry(receipt.index).content, receipt


def _parse(text: str) -> VerifierKey:
    key = VerifierKey.parse(text.strip())
    if key.type is not NoteKeyType.ED25519 or not (key.name.startswith(_PREFIX) and key.name.endswith(_SUFFIX)):
        raise FieldError(
            f"the key is named {key.name[:80]!r}", where="supervisor key", expected=f"{_PREFIX}SUPERVISOR{_SUFFIX}"
        )
    return key
