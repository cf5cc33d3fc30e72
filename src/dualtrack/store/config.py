"""`dualtrack.toml`: what a workspace is, as typed values. Every unknown or missing key is refused by name."""

from __future__ import annotations

import json
import re

import msgspec

from dualtrack.errors import DocumentError, FieldError

__all__ = [
    "CONFIG_BYTES_MAX",
    "FORMAT",
    "INSTITUTIONS_MAX",
    "Compartment",
    "Config",
    "InstitutionConfig",
    "ledger_origin",
]

CONFIG_BYTES_MAX = 1 << 20
"""A thousand institutions with their witnesses need a quarter of this."""

INSTITUTIONS_MAX = 1000
"""A group has tens of institutions, a supervisor's market hundreds."""

FORMAT = "dualtrack.workspace/1"

_AS_INIT_WRITES = "compare with the file `dualtrack init` writes"

_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)


class Compartment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where one compartment's rows lie. A compartment shares neither tables, file nor vault key with another."""

    database: str
    vault_key: str


class InstitutionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What this workspace trusts about an institution's logs: verifier keys by compartment, witnesses, quorum."""

    id: str
    logs: dict[str, str] = {}
    witnesses: tuple[str, ...] = ()
    quorum: int = 0


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A workspace's settings. Paths are relative to the workspace and stay inside it."""

    format: str = FORMAT
    demo: bool = False
    key_dir: str = "keys"
    compartments: dict[str, Compartment]
    institutions: tuple[InstitutionConfig, ...] = ()

    @classmethod
    def parse(cls, data: bytes, *, where: str) -> Config:
        """Read the bytes of `dualtrack.toml`; raises DocumentError or FieldError naming the key at fault."""
        if len(data) > CONFIG_BYTES_MAX:
            raise DocumentError(f"{len(data)} bytes", where=where, expected=f"at most {CONFIG_BYTES_MAX}")
        try:
            config = msgspec.toml.decode(data, type=cls)
        except msgspec.ValidationError as error:
            raise FieldError(str(error), where=where, fix=_AS_INIT_WRITES) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise DocumentError(f"not TOML: {error}", where=where) from error
        except RecursionError:
            raise DocumentError("nested too deeply", where=where, fix=_AS_INIT_WRITES) from None
        config.check(where)
        return config

    def check(self, where: str) -> None:
        """Raise FieldError for values that have the right type but no meaning."""
        if self.format != FORMAT:
            raise FieldError(f"format {self.format!r}", where=where, expected=FORMAT, fix="use a matching release")
        if "main" not in self.compartments or not {"main", "restricted"}.issuperset(self.compartments):
            raise FieldError("compartments", where=where, expected="main, and restricted where used")
        names = [institution.id for institution in self.institutions]
        if len(names) > INSTITUTIONS_MAX or len(set(names)) != len(names):
            raise FieldError(
                "an institution is listed twice, or there are too many",
                where=where,
                expected=f"at most {INSTITUTIONS_MAX}, each once",
            )
        for institution in self.institutions:
            if not _SLUG.fullmatch(institution.id):
                raise FieldError(
                    f"institution {institution.id!r}", where=where, expected="a slug: a-z, 0-9 and hyphens"
                )
            if not 0 <= institution.quorum <= len(institution.witnesses):
                raise FieldError(f"quorum {institution.quorum}", where=where, expected="0 to the number of witnesses")

    def institution(self, name: str) -> InstitutionConfig | None:
        """Return the settings of an institution, or None if it is not listed."""
        return next((item for item in self.institutions if item.id == name), None)

    def with_institution(self, institution: InstitutionConfig) -> Config:
        """Return the settings with this institution added, or put in place of the one of the same name."""
        others = [item for item in self.institutions if item.id != institution.id]
        return msgspec.structs.replace(
            self, institutions=tuple(sorted([*others, institution], key=lambda item: item.id))
        )

    def encode(self) -> bytes:
        """Return the TOML text, keys in one order."""
        lines = [
            "# A Dualtrack workspace. Paths are relative to this folder. Keep the folder at mode 0700.",
            f"format = {_text(self.format)}",
            f"demo = {'true' if self.demo else 'false'}",
            f"key_dir = {_text(self.key_dir)}",
        ]
        for name, compartment in sorted(self.compartments.items()):
            lines += ["", f"[compartments.{name}]", f"database = {_text(compartment.database)}"]
            lines.append(f"vault_key = {_text(compartment.vault_key)}")
        for institution in self.institutions:
            witnesses = ", ".join(_text(key) for key in institution.witnesses)
            lines += ["", "[[institutions]]", f"id = {_text(institution.id)}", f"quorum = {institution.quorum}"]
            lines.append(f"witnesses = [{witnesses}]")
            if institution.logs:
                lines.append("[institutions.logs]")
            lines += [f"{name} = {_text(key)}" for name, key in sorted(institution.logs.items())]
        return ("\n".join(lines) + "\n").encode()


def ledger_origin(institution: str, compartment: str = "main") -> str:
    """Return the origin of an institution's ledger: a name in the form C2SP asks for; no host is contacted."""
    return f"dualtrack.local/{institution}/{compartment}"


def _text(value: str) -> str:
    """Quote as a TOML basic string; JSON's escapes are a subset of TOML's, save for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
