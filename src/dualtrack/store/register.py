"""An institution's register: the verbs by which facts enter its ledger, each refused before anything is written.

What would not be admitted by an assessment is not appended: the entry is judged first, as if it stood at the end of
the ledger, and the refusal says why and what to do.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.answers import answer_problem
from dualtrack.domain.entry import Entry, leaf_bytes, make_entry, read_leaf
from dualtrack.domain.institution import Institution, KeyGrant, KeyRevocation, PackAdoption
from dualtrack.domain.policy import check_policy
from dualtrack.domain.records import Record, encode
from dualtrack.domain.time import Clock, format_instant
from dualtrack.domain.usecase import UseCase, check_use_case
from dualtrack.errors import DualtrackError, EvidenceError, FieldError, NotFoundError, SignatureError
from dualtrack.keys import dsse
from dualtrack.permit.assess import Case, prepare
from dualtrack.permit.evidence_check import field_problem
from dualtrack.permit.opening import STATEMENT_PAYLOAD, payload_type
from dualtrack.permit.reasons import REASONS
from dualtrack.rules.pack import load_pack
from dualtrack.store.entries import NewEntry, check_entry_text
from dualtrack.store.packs import PackShelf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.domain.evidence import Predicate, Statement
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.release import Release
    from dualtrack.domain.vocabulary import Role
    from dualtrack.keys.signer import Signer
    from dualtrack.rules.pack import Pack
    from dualtrack.rules.records import Topic
    from dualtrack.store.entries import Receipt
    from dualtrack.store.intents import Recovery
    from dualtrack.store.store import Store
    from dualtrack.store.writer import Beside

__all__ = ["Register"]


class Register:
    """One institution's ledger with the verbs that add to it. `clock` is read for instants, never elsewhere."""

    def __init__(self, store: Store, institution: str, log: Signer, clock: Clock) -> None:
        self.store = store
        self.institution = institution
        self.clock = clock
        self.repository = store.repository(institution)
        self.packs = PackShelf(store.workspace)
        self._writer = store.writer(institution, log, clock)

    def now(self) -> str:
        """Return the instant of the clock, never before the last entry: the ledger's time does not run backwards."""
        size = self.repository.size()
        now = format_instant(self.clock())
        return max(now, read_leaf(self.repository.leaves(size - 1, size)[0]).recorded_at) if size else now

    def found(self, record: Institution, root: Signer) -> Receipt:
        """Record the institution itself; the first entry of a new ledger is this."""
        if record.root_key != base64.b64encode(root.public_key).decode():
            raise SignatureError(
                "the root key named is not the signer's", where=record.id, fix="name the root's own key"
            )
        if record.demo and not self.store.workspace.demo:
            raise SignatureError(
                "a demo institution in a real workspace",
                where=record.id,
                fix="make the institution with keys of your own, and demo: false",
                code="signature.demo",
            )
        return self._signed("institution/1", record.id, record, [root])

    def grant(self, grant: KeyGrant, root: Signer) -> Receipt:
        """Grant a key to a person or service."""
        if grant.demo and not self.store.workspace.demo:
            raise SignatureError(
                f"the key of {grant.holder!r} was made in a demo",
                where=self.institution,
                fix="make a new key with `dualtrack key new`",
                code="signature.demo",
            )
        return self._signed("key-grant/1", self.institution, grant, [root])

    def revoke(self, keyid: str, reason: str, root: Signer) -> Receipt:
        """Revoke a key from the next entry on."""
        if all(grant.keyid != keyid for grant in self.case(None, None).found.keys.grants()):
            raise NotFoundError(f"no key {keyid[:16]}… in force", where=self.institution, fix="`dualtrack key list`")
        return self._signed("key-revoke/1", self.institution, KeyRevocation(keyid=keyid, reason=reason), [root])

    def adopt(self, compiled: bytes, signer: Signer) -> Receipt:
        """Adopt a rule pack by digest; its bytes are kept, so that old verdicts stay computable."""
        pack = load_pack(compiled)
        digest = canonical.digest(compiled)
        had, size = self.packs.holds(digest), self.repository.size()
        self.packs.keep(compiled)  # before the entry: an adopted pack whose bytes are lost would stop every assessment
        try:
            record = PackAdoption(
                pack=pack.id, version=pack.data.version, digest=digest, action="adopt", decided_at=self.now()
            )
            return self._signed("pack-adoption/1", self.institution, record, [signer])
        except DualtrackError:
            if not had and self.is_unchanged_since(size):
                self.packs.drop(digest)
            raise

    def is_unchanged_since(self, size: int) -> bool:
        """Tell whether the ledger surely still has this many entries: only then is what went with a new one undone.

        An append that failed may have been kept all the same, if the answer was lost or did not arrive in time.
        """
        try:
            return self.repository.size() == size
        except (DualtrackError, OSError):
            return False

    @property
    def recoveries(self) -> list[Recovery]:
        """Return what became of appends of this sitting that ended without an answer."""
        return self._writer.recoveries

    def retire(self, pack: str, signer: Signer) -> Receipt:
        """Take a pack out of use."""
        adopted = next((item for item in self.case(None, None).packs if item.id == pack), None)
        if adopted is None:
            raise NotFoundError(f"pack {pack!r} is not adopted", where=self.institution, fix="`dualtrack rules list`")
        digest = self.case(None, None).found.adopted[pack].digest
        record = PackAdoption(
            pack=pack, version=adopted.data.version, digest=digest, action="retire", decided_at=self.now()
        )
        return self._signed("pack-adoption/1", self.institution, record, [signer])

    def declare(self, use_case: UseCase, signer: Signer, *, where: str = "declaration") -> Receipt:
        """Record a declaration, or a new version of one."""
        check_use_case(use_case, where=where)
        self._check_own(use_case.use, where)
        problem = answer_problem(use_case.facts)
        if problem:
            raise FieldError(f"answer {problem[0]}", where=f"{where}, field facts", expected=problem[1])
        if use_case.demo and not self.store.workspace.demo:
            raise FieldError(
                "a demo declaration in a real workspace", where=where, fix="set demo: false, if it is real"
            )
        return self._signed("declaration/1", use_case.use, use_case, [signer])

    def keep_policy(self, policy: RuntimePolicy, *, where: str = "runtime policy") -> str:
        """Record what the runtime is to enforce, to be pinned by a release; returns its digest. A known one stands."""
        check_policy(policy, where=where)
        self._check_own(policy.use, where)
        content = encode(policy)
        digest = canonical.digest(content)
        known = self.repository.every(kinds=("runtime-policy/1",), ids=(policy.use,))
        if all(not isinstance(entry, Entry) or entry.content != content for entry in known):
            self._append([NewEntry("runtime-policy/1", self.institution, policy.use, content)])
        return digest

    def release(self, release: Release, signer: Signer) -> tuple[str, Receipt]:
        """Freeze a release; returns its digest."""
        self._check_components(release, self._check_declared(release.use))
        receipt = self._signed("release/1", release.use, release, [signer])
        return canonical.digest(encode(release)), receipt

    def add_evidence(self, statement: Statement, signers: Sequence[Signer], *, where: str = "") -> Receipt:
        """Add a signed observation; raises EvidenceError with the reason when it would not be admitted."""
        content = dsse.sign(encode(statement), STATEMENT_PAYLOAD, signers)
        return self.add_signed_evidence(content, statement, where=where)

    def add_signed_evidence(self, content: bytes, statement: Statement, *, where: str = "") -> Receipt:
        """Add evidence that was signed elsewhere; `where` names its file in errors."""
        return self._append([self._admissible(content, statement, where)])[0]

    def append_with_evidence(
        self,
        kind: str,
        subject: str,
        records: Sequence[Record],
        statements: Sequence[Statement],
        signers: Sequence[Signer],
    ) -> tuple[list[Receipt], list[Receipt]]:
        """Sign and append records and the evidence that comes of them, all or none; each observation must be admissible."""
        items = [
            NewEntry(kind, self.institution, subject, dsse.sign(encode(record), payload_type(kind), signers))
            for record in records
        ]
        evidence = [
            self._admissible(dsse.sign(encode(statement), STATEMENT_PAYLOAD, signers), statement, kind)
            for statement in statements
        ]
        receipts = self._append([*items, *evidence])
        return receipts[: len(items)], receipts[len(items) :]

    def _admissible(self, content: bytes, statement: Statement, where: str) -> NewEntry:
        """Return the entry of an observation; raises EvidenceError with the reason when it would not be admitted."""
        name = statement.subject[0].name if statement.subject else ""
        entry = self._as_if_appended("evidence/1", name, content)
        predicate = statement.predicate
        use = name if "/" in name else None
        about_release = statement.subject[0].digest.sha256 if use else None
        case = self.case(use, about_release, and_entry=entry)
        line = next(line for line in case.lines if line.index == entry.index)
        code = line.reason
        if code is None and case.topics[predicate.topic].about == "release" and case.found.release is None:
            code = "other-release"  # it names a release, and there is none of this digest
        if code is not None:
            reason, topic = REASONS[code], case.topics.get(predicate.topic)
            detail = field_problem(predicate, topic) if topic and code == "bad-fields" else None
            raise EvidenceError(
                detail or reason.found,
                where=f"{where or 'evidence'}: {predicate.topic} about {name}",
                expected=_expected(code, predicate, topic, case) if topic else "",
                fix=_IN_THE_FILE.format(topic=predicate.topic) if detail else reason.fix,
                code=f"evidence.{code}",
            )
        return NewEntry("evidence/1", self.institution, name, content)

    def case(
        self, use: str | None, release: str | None, *, and_entry: Entry | None = None, at: str | None = None
    ) -> Case:
        """Return the case of a use's release, or of the institution, as the ledger stands (or stood at `at`)."""
        entries = self.repository.subject_entries(self.institution, use)
        if and_entry is not None:
            entries = [*entries, and_entry]
        return prepare(entries, self.packs, institution=self.institution, use=use, release=release, at=at or self.now())

    def latest_release(self, use: str) -> str | None:
        """Return the digest of the newest release of a use, or None."""
        newest = self.repository.newest("release/1", use)
        return canonical.digest(dsse.parse(newest.content).payload) if newest else None

    def adopted_packs(self) -> list[Pack]:
        """Return the packs in use."""
        return self.case(None, None).packs

    def append_record(self, kind: str, subject: str, record: Record, signers: Sequence[Signer]) -> Receipt:
        """Sign and append a record of a kind that assessments do not read, such as a notice or a return."""
        return self.append_records(kind, subject, [record], signers)[0]

    def append_records(
        self, kind: str, subject: str, records: Sequence[Record], signers: Sequence[Signer]
    ) -> list[Receipt]:
        """Sign and append several such records, all of them or none."""
        contents = [dsse.sign(encode(record), payload_type(kind), signers) for record in records]
        return self._append([NewEntry(kind, self.institution, subject, content) for content in contents])

    def append_plain(self, items: Sequence[tuple[str, str, bytes]]) -> list[Receipt]:
        """Append computed records (kind, subject, canonical bytes) in one batch."""
        return self._append([NewEntry(kind, self.institution, subject, content) for kind, subject, content in items])

    def append_with(self, items: Sequence[NewEntry], beside: Beside) -> list[Receipt]:
        """Append computed records with rows that stand or fall with them."""
        for item in items:
            check_entry_text(item)
        return self._writer.append(items, beside)

    def _append(self, items: Sequence[NewEntry]) -> list[Receipt]:
        for item in items:
            check_entry_text(item)
        return self._writer.append(items)

    def _signed(self, kind: str, subject: str, record: Record, signers: Sequence[Signer]) -> Receipt:
        """Sign a record, judge it as if appended, and append it."""
        content = dsse.sign(encode(record), payload_type(kind), signers)
        entry = self._as_if_appended(kind, subject, content)
        case = self.case(subject if "/" in subject else None, None, and_entry=entry)
        refused = next((item for item in case.found.rejected if item.index == entry.index), None)
        if refused:
            reason = REASONS[refused.reason]
            raise SignatureError(
                reason.found, where=f"{kind} {subject}", fix=reason.fix, code=f"signature.{refused.reason}"
            )
        return self._append([NewEntry(kind, self.institution, subject, content)])[0]

    def _as_if_appended(self, kind: str, subject: str, content: bytes) -> Entry:
        salt = bytes(32)
        leaf = leaf_bytes(kind, self.institution, subject, self.now(), salt, content)
        return make_entry(self.repository.size(), leaf, salt, content)

    def _check_own(self, use: str, where: str) -> None:
        if use.partition("/")[0] != self.institution:
            raise FieldError(
                f"use {use!r}", where=where, expected=f"{self.institution}/…", fix="declare it under its firm"
            )

    def _check_declared(self, use: str) -> UseCase:
        self._check_own(use, "release")
        declaration = self.case(use, None).found.declaration
        if declaration is None:
            raise NotFoundError(f"use {use!r} is not declared", fix="`dualtrack declare FILE` first")
        return declaration

    def _check_components(self, release: Release, declaration: UseCase) -> None:
        """Refuse a release with parts that are not declared, or other than declared."""
        declared = {part.id: part.digest for part in declaration.components}
        for part in release.components:
            if part.id not in declared or declared[part.id] not in {None, part.digest}:
                found = "is not declared" if part.id not in declared else "has another digest than declared"
                raise FieldError(
                    f"component {part.id!r} {found}",
                    where=f"release of {release.use}",
                    expected=", ".join(sorted(declared)) or "no components",
                    fix="declare what runs, then release it",
                )

    def roles_of(self, signer: Signer) -> list[Role]:
        """Return the roles in force of a signer's key."""
        grants = self.case(None, None).found.keys.grants()
        return next((list(grant.roles) for grant in grants if grant.keyid == signer.key_id), [])


_IN_THE_FILE = "correct it in the file; `dualtrack evidence template {topic}` shows every field"
"""What to do where the error names the very field."""


def _expected(code: str, predicate: Predicate, topic: Topic, case: Case) -> str:
    """Return what would have been right where a reason alone does not say it."""
    said = {
        "wrong-role": f"signed as {', '.join(role.value for role in topic.roles)}",
        "wrong-kind": f"kind {topic.kind.value}, found {predicate.kind.value}",
        "future": f"not after {format_instant(case.at)}, found taken_at {predicate.taken_at}",
        "unknown-claim": f"a claim of the declaration, found {predicate.claim!r}",
        "unplanned": f"statistics.plan: {_planned_items(predicate.topic, case)}",
    }
    return said.get(code, "")


def _planned_items(topic: str, case: Case) -> str:
    """Return the newest items of registered plans that gate a topic, as evidence names them."""
    found = [
        f"{{index: {index}, digest: {plan.digest}, item: {name}}}"
        for index, plan in case.found.plans.items()
        for name, gate in plan.gates.items()
        if gate.get("topic") == topic
    ]
    return " or ".join(found[-2:]) or "an item of a plan, and there is none for this topic"
