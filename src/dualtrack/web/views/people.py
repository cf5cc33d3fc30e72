"""Accounts, signing keys and API keys as rows, and what changed between two versions of an account."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import FieldError
from dualtrack.present.terms import ROLE_WORDS
from dualtrack.web.identity.roles import ROLE_NAMES, ConsoleRole
from dualtrack.web.parts import Badge, Choice
from dualtrack.web.views.acting import moment_text
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from dualtrack.web.identity.accounts import Account
    from dualtrack.web.identity.api_keys import ApiKeyView
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.rendering import Language

__all__ = [
    "Changed",
    "account_changes",
    "account_rows",
    "account_version",
    "api_key_rows",
    "chosen_roles",
    "custody_words",
    "key_rows",
    "role_choices",
    "role_names",
    "ticked",
]

_YES, _NO = Text(en="closed", zh="已關閉"), Text(en="open", zh="開放")


class Changed(NamedTuple):
    """A field that is no longer what the form was made from."""

    label: str
    was: str
    now: str


def role_names(roles: Iterable[ConsoleRole], language: Language) -> str:
    """Return roles in words, in a fixed order."""
    return ", ".join(both(ROLE_NAMES[role], language) for role in ConsoleRole if role in set(roles))


def role_choices(among: Collection[ConsoleRole], chosen: Collection[str], language: Language) -> list[Choice]:
    """Return roles to tick."""
    return [
        Choice(role.value, both(ROLE_NAMES[role], language), role.value in chosen)
        for role in ConsoleRole
        if role in among
    ]


def ticked(request: PageRequest, name: str) -> list[str]:
    """Return all values of a form's list."""
    lists: Mapping[str, list[str]] = request.services["lists"]
    return list(lists.get(name, ()))


def chosen_roles(request: PageRequest, among: Collection[ConsoleRole]) -> frozenset[ConsoleRole]:
    """Return the roles that were ticked; raises FieldError for none, or one that is not offered."""
    wanted = set(ticked(request, "roles"))
    found = frozenset(role for role in among if role.value in wanted)
    if not found or len(found) != len(wanted):
        raise FieldError("roles: none, or one that is not there", where="form, field roles", fix="tick at least one")
    return found


def account_version(account: Account) -> str:
    """Return the version of an account that a form is made from: a digest of all that the form can change."""
    said = (account.name, sorted(account.roles), account.disabled, account.holder, account.changed_s)
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def account_changes(account: Account, form: Mapping[str, str], language: Language) -> list[Changed]:
    """Return what changed since the form was made, by the values that it carried along."""
    was = {word for word in form.get("was_roles", "").split() if word in {role.value for role in ConsoleRole}}
    rows = [
        (
            Text(en="Roles", zh="角色"),
            role_names((ConsoleRole(word) for word in was), language),
            role_names(account.roles, language),
        ),
        (
            Text(en="Account", zh="帳戶"),
            both(_YES if form.get("was_disabled") == "yes" else _NO, language),
            both(_YES if account.disabled else _NO, language),
        ),
        (Text(en="Person", zh="人員"), form.get("was_holder", ""), account.holder),
    ]
    return [Changed(both(label, language), old or "–", new or "–") for label, old, new in rows if old != new]


def account_rows(
    accounts: Sequence[Account], granted: Mapping[str, dict[str, Any]], language: Language
) -> list[dict[str, Any]]:
    """Return the accounts as rows, with whether their signing key counts."""
    return [
        {
            "name": item.name,
            "shown": item.display_name,
            "holder": item.holder,
            "roles": role_names(item.roles, language),
            "state": Badge("bad", both(_YES, language)) if item.disabled else Badge("good", both(_NO, language)),
            "key": _key_state(item.key_id, granted, language),
        }
        for item in accounts
    ]


def key_rows(
    rows: Sequence[Mapping[str, Any]], accounts: Sequence[Account], language: Language
) -> list[dict[str, Any]]:
    """Return grants and revocations as the ledger has them, newest first; then keys of accounts that nobody granted."""
    owners = {item.key_id: item.name for item in accounts if item.key_id}
    in_force, revoked = Text(en="in force", zh="有效"), Text(en="revoked", zh="已撤銷")
    found = [
        {
            "keyid": row["keyid"],
            "holder": row["holder"],
            "name": row["name_en"],
            "roles": _domain_roles(row["roles"], language),
            "person": bool(row["person"]),
            "account": owners.get(row["keyid"], ""),
            "granted": f"{row['idx']:,}",
            "revoked": "" if row["revoked_idx"] is None else f"{row['revoked_idx']:,}",
            "state": Badge("good", both(in_force, language))
            if row["revoked_idx"] is None
            else Badge("bad", both(revoked, language)),
        }
        for row in sorted(rows, key=lambda row: -int(row["idx"]))
    ]
    known = {row["keyid"] for row in rows}
    waiting = Text(en="not granted", zh="未獲授權")
    found += [
        {
            "keyid": item.key_id, "holder": item.holder, "name": item.display_name, "roles": "–", "person": True,
            "account": item.name, "granted": "–", "revoked": "", "state": Badge("amber", both(waiting, language)),
        }
        for item in accounts
        if item.key_id and item.key_id not in known
    ]  # fmt: skip
    return found


def custody_words(account: Account | None, language: Language) -> str:
    """Return who keeps the private key of an account, or that it is not here."""
    said = {
        "sealed by password": Text(en="its person, sealed under their password", zh="本人，以其密碼封存"),
        "server": Text(
            en="this server, which signs after a login at the provider", zh="本伺服器，於身分提供者登入後代為簽署"
        ),
    }
    elsewhere = Text(en="a key file elsewhere", zh="其他地方的密鑰檔案")
    return both(said.get(account.custody or "", elsewhere) if account else elsewhere, language)


def api_key_rows(keys: Sequence[ApiKeyView], now_s: int, language: Language) -> list[dict[str, Any]]:
    """Return API keys as rows; the key itself is nowhere."""
    living, over, revoked = (
        Text(en="in use", zh="使用中"),
        Text(en="expired", zh="已到期"),
        Text(en="revoked", zh="已撤銷"),
    )
    every, never = Text(en="every use", zh="所有用途"), Text(en="never used", zh="從未使用")
    found = []
    for item in keys:
        if item.revoked_s is not None:
            state = Badge("bad", both(revoked, language))
        elif item.expires_s <= now_s:
            state = Badge("low", both(over, language))
        else:
            state = Badge("good", both(living, language))
        found.append(
            {
                "id": item.id,
                "label": item.label,
                "roles": role_names(item.roles, language),
                "uses": both(every, language) if item.uses is None else ", ".join(sorted(item.uses)),
                "made_by": item.made_by,
                "until": moment_text(datetime.fromtimestamp(item.expires_s, UTC), language),
                "last": item.last_used or both(never, language),
                "state": state,
                "living": item.revoked_s is None and item.expires_s > now_s,
                "days": max(1, (item.expires_s - item.created_s) // 86_400),
            }
        )
    return found


def _key_state(key_id: str | None, granted: Mapping[str, dict[str, Any]], language: Language) -> Badge:
    if key_id is None:
        return Badge("note", both(Text(en="no key", zh="沒有密鑰"), language))
    row = granted.get(key_id)
    if row is None:
        return Badge("amber", both(Text(en="key not granted", zh="密鑰未獲授權"), language))
    if row["revoked_idx"] is not None:
        return Badge("bad", both(Text(en="key revoked", zh="密鑰已撤銷"), language))
    return Badge("good", both(Text(en="key granted", zh="密鑰已獲授權"), language))


def _domain_roles(text: str, language: Language) -> str:
    values = {role.value for role in Role}
    return ", ".join(both(ROLE_WORDS[Role(word)], language) if word in values else word for word in text.split())
