"""The error tree. An error says what was found, what was expected and what to do; nobody else formats it.

DualtrackError
 ├── InputError             what a person or file gave us is wrong                  400
 │    ├── DocumentError     not readable: syntax, size, depth, encoding
 │    ├── FieldError        readable, but a field is missing, unknown or wrong
 │    ├── PathError         a path outside the workspace, absent or not writable
 │    └── WorkbookError     a spreadsheet that cannot be read
 ├── NotFoundError          a thing named does not exist here                       404
 ├── RuleError              a rule pack or an expression cannot be used             422
 │    ├── PackError         a pack lacks what it must have
 │    └── ExpressionError   an expression does not parse, type or fit its budget
 ├── KeyFileError           a key is absent, unreadable or of the wrong kind        422
 ├── SignatureError         a signature, signer or role does not hold               403
 ├── AuthenticationError    who is asking is not known, or not lately enough        401
 ├── ForbiddenError         who is asking may not do this                           403
 ├── RateLimitError         too many at once: try again after a while               429
 ├── EvidenceError          evidence that cannot be taken in                        422
 ├── ReviewError            this person may not do this on this review now          409
 ├── ConflictError          it clashes with what is under way, or was done          409
 ├── LedgerError            the log is not what it says                             409
 │    ├── ProofError        a Merkle proof does not hold
 │    ├── NoteError         a signed note or checkpoint does not hold
 │    └── WitnessError      a head that the witness must not sign
 ├── StoreError             the store cannot do this                                503
 │    ├── StoreBusyError    another writer holds it
 │    ├── StoreFullError    no room: nothing was written
 │    └── StoreCorruptError what was read is not what was written
 ├── RefusedError           no live permit for this call: it is not made            403
 ├── OverloadError          too much at once: nothing was done                      503
 ├── BundleError            a bundle is not in its one legal form                   422
 ├── UpstreamError          a model or endpoint that we call did not answer well    502
 └── MissingExtraError      an optional part is not installed                       501
"""

from __future__ import annotations

import copy

__all__ = [
    "AuthenticationError",
    "BundleError",
    "ConflictError",
    "DocumentError",
    "DualtrackError",
    "EvidenceError",
    "ExpressionError",
    "FieldError",
    "ForbiddenError",
    "InputError",
    "KeyFileError",
    "LedgerError",
    "MissingExtraError",
    "NotFoundError",
    "NoteError",
    "OverloadError",
    "PackError",
    "PathError",
    "ProofError",
    "RateLimitError",
    "RefusedError",
    "ReviewError",
    "RuleError",
    "SignatureError",
    "StoreBusyError",
    "StoreCorruptError",
    "StoreError",
    "StoreFullError",
    "UpstreamError",
    "WitnessError",
    "WorkbookError",
]


class DualtrackError(Exception):
    """Base of every error that Dualtrack raises on purpose.

    `where` names the file, row, field, rule or entry; `fix` is an imperative sentence. `code` is stable across versions
    and may be narrowed at the raise (`code="ledger.proof-length"`). The command line ends with `exit_code`.
    """

    code = "error"
    status = 500
    exit_code = 2

    def __init__(
        self,
        found: str,
        *,
        where: str = "",
        expected: str = "",
        fix: str = "",
        code: str | None = None,
    ) -> None:
        super().__init__(found)
        self.found = found
        self.where = where
        self.expected = expected
        self.fix = fix
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        head = f"{self.where}: {self.found}" if self.where else self.found
        lines = [head]
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.fix:
            lines.append(f"  to fix:   {self.fix}")
        return "\n".join(lines)

    def outward(self) -> DualtrackError:
        """Return the error as whoever asks over the network may read it: most are told whole."""
        return self

    def problem(self) -> dict[str, object]:
        """Return the error as an RFC 9457 problem document (also what `--json` prints)."""
        body: dict[str, object] = {
            "type": f"urn:dualtrack:error:{self.code}",
            "title": (type(self).__doc__ or "").split(".")[0],
            "status": self.status,
            "detail": self.found,
        }
        extra = {"where": self.where, "expected": self.expected, "fix": self.fix}
        return body | {name: value for name, value in extra.items() if value}


class InputError(DualtrackError):
    """Something given to Dualtrack is wrong."""

    code, status = "input", 400


class DocumentError(InputError):
    """A document cannot be read: syntax, size, depth or encoding."""

    code = "input.document"


class FieldError(InputError):
    """A field is missing, unknown or has a wrong value."""

    code = "input.field"


class PathError(InputError):
    """A path is absent, outside the workspace or not writable."""

    code = "input.path"


class WorkbookError(InputError):
    """A spreadsheet cannot be read."""

    code = "input.workbook"


class NotFoundError(DualtrackError):
    """A thing that was named does not exist here."""

    code, status = "not-found", 404


class RuleError(DualtrackError):
    """A rule pack or an expression cannot be used."""

    code, status = "rule", 422


class PackError(RuleError):
    """A rule pack lacks something that it must have."""

    code = "rule.pack"


class ExpressionError(RuleError):
    """An expression does not parse, does not type or exceeds its budget."""

    code = "rule.expression"


class KeyFileError(DualtrackError):
    """A key is absent, unreadable or of the wrong kind."""

    code, status = "key", 422


class SignatureError(DualtrackError):
    """A signature, its signer or the signer's role does not hold."""

    code, status = "signature", 403


class AuthenticationError(DualtrackError):
    """Who is asking is not known, or was not asked for a password lately enough."""

    code, status = "authentication", 401


class ForbiddenError(DualtrackError):
    """Who is asking may not do this."""

    code, status = "forbidden", 403


class RateLimitError(DualtrackError):
    """Too many attempts: try again after `retry_after_s` seconds."""

    code, status = "rate-limit", 429

    def __init__(self, found: str, *, retry_after_s: int, where: str = "", code: str | None = None) -> None:
        super().__init__(found, where=where, fix=f"try again in {retry_after_s} seconds", code=code)
        self.retry_after_s = retry_after_s


class EvidenceError(DualtrackError):
    """Evidence cannot be taken in."""

    code, status = "evidence", 422


class ReviewError(DualtrackError):
    """This may not be done on this review: by this person, in this state or at this time."""

    code, status = "review", 409


class ConflictError(DualtrackError):
    """What was asked for clashes with what is under way or was done: try again after `retry_after_s` seconds, if it says so."""

    code, status = "conflict", 409

    def __init__(
        self, found: str, *, where: str = "", fix: str = "", code: str | None = None, retry_after_s: int | None = None
    ) -> None:
        super().__init__(found, where=where, fix=fix, code=code)
        self.retry_after_s = retry_after_s


class LedgerError(DualtrackError):
    """The log is not what it says."""

    code, status = "ledger", 409


class ProofError(LedgerError):
    """A Merkle proof does not hold."""

    code = "ledger.proof"


class NoteError(LedgerError):
    """A signed note or a checkpoint does not hold."""

    code = "ledger.note"


class WitnessError(LedgerError):
    """A head that the witness must not sign."""

    code = "ledger.witness"


class StoreError(DualtrackError):
    """The store cannot do this."""

    code, status = "store", 503

    def outward(self) -> DualtrackError:
        """Return it without its place, and without what a database or lock said: addresses, paths and processes are the operator's.

        A code that was narrowed at the raise comes with words of ours, which stay.
        """
        told = copy.copy(self)
        told.where = ""
        if self.code == type(self).code:
            told.found = (type(self).__doc__ or "").strip().partition(".")[0]
        return told


class StoreBusyError(StoreError):
    """Another writer holds the store."""

    code = "store.busy"


class StoreFullError(StoreError):
    """There is no room; nothing was written."""

    code, status = "store.full", 507


class StoreCorruptError(StoreError):
    """What was read is not what was written."""

    code, status = "store.corrupt", 500


class RefusedError(DualtrackError):
    """No live permit allows this call, so it is not made. A hold has status 423, what passes by itself 503."""

    code, status = "permit", 403

    def __init__(self, found: str, *, where: str = "", expected: str = "", fix: str = "", code: str) -> None:
        super().__init__(found, where=where, expected=expected, fix=fix, code=code)
        if code == "permit.held":
            self.status = 423
        elif code in {"permit.stale-snapshot", "permit.clock"}:  # the machine's fault: clients may try again
            self.status = 503


class OverloadError(DualtrackError):
    """Too much at once: nothing was done."""

    code, status = "overload", 503


class BundleError(DualtrackError):
    """A bundle is not in its one legal form."""

    code, status = "bundle", 422


class UpstreamError(DualtrackError):
    """A model or endpoint that we call did not answer as it must."""

    code, status = "upstream", 502


class MissingExtraError(DualtrackError):
    """An optional part is not installed."""

    code, status = "missing-extra", 501

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the optional part '{extra}', which is not installed",
            fix=f"pip install 'dualtrack[{extra}]'",
        )
        self.extra = extra
