"""Who a signer is here: the holder of its key and the roles in force, and the refusal where a role is missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.oversight import REASON_CHARACTERS_MAX
from dualtrack.errors import FieldError, SignatureError

if TYPE_CHECKING:
    from collections.abc import Collection

    from dualtrack.domain.vocabulary import Role
    from dualtrack.keys.signer import Signer
    from dualtrack.store.register import Register

__all__ = ["KeyHolder", "check_reason", "holder_of", "need_role"]

_UNREADABLE = re.compile("[\x00\ud800-\udfff]")


class KeyHolder(NamedTuple):
    """The holder of a key and the roles it has now."""

    holder: str
    roles: frozenset[Role]


def holder_of(register: Register, signer: Signer) -> KeyHolder:
    """Return who holds this key; raises SignatureError where no grant is in force."""
    for grant in register.case(None, None).found.keys.grants():
        if grant.keyid == signer.key_id:
            return KeyHolder(grant.holder, frozenset(grant.roles))
    raise SignatureError(
        f"no key {signer.key_id[:16]}… in force",
        where=register.institution,
        fix="have the root grant this key",
        code="signature.unknown-key",
    )


def need_role(register: Register, signer: Signer, wanted: Collection[Role], act: str) -> KeyHolder:
    """Return who holds this key if one of the roles is among theirs; raises SignatureError."""
    found = holder_of(register, signer)
    if not found.roles & set(wanted):
        raise SignatureError(
            f"{found.holder!r} may not {act}",
            where=register.institution,
            expected=f"one of the roles {', '.join(sorted(role.value for role in wanted))}",
            fix="have somebody with such a role sign",
            code="signature.wrong-role",
        )
    return found


def check_reason(reason: str) -> None:
    """Raise FieldError for no reason, one too long, or one with U+0000 or half of a character (an unpaired surrogate)."""
    if not reason.strip() or len(reason) > REASON_CHARACTERS_MAX:
        raise FieldError(
            f"a reason of {len(reason)} characters",
            where="reason",
            expected=f"1 to {REASON_CHARACTERS_MAX}",
            fix="say why, in a sentence",
        )
    unreadable = _UNREADABLE.search(reason)
    if unreadable:
        raise FieldError(
            f"the character U+{ord(unreadable[0]):04X}",
            where="reason",
            expected="text that can be read",
            fix="delete the invisible character and send it again",
            code="input.field.unreadable",
        )
