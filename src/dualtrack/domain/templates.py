"""The shipped declarations to start from, one for each opportunity area and sector, in both languages."""

from __future__ import annotations

from functools import cache
from importlib import resources

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.ids import check_slug
from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.errors import NotFoundError

__all__ = ["PLACEHOLDER", "list_templates", "read_template", "template_source"]

PLACEHOLDER = "INSTITUTION"
"""What a template writes for the institution."""

_FOLDER = resources.files("dualtrack.domain") / "templates"


@cache
def list_templates() -> tuple[str, ...]:
    """Return the names `area-sector`, sorted."""
    return tuple(sorted(item.name.removesuffix(".yaml") for item in _FOLDER.iterdir() if item.name.endswith(".yaml")))


def template_source(name: str, institution: str | None = None) -> str:
    """Return a template's YAML text, the institution filled in if given; raises NotFoundError with the names there are."""
    if name not in list_templates():
        raise NotFoundError(
            f"no template {name!r}", expected=", ".join(list_templates()), fix="see `dualtrack template list`"
        )
    text = (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    if institution is None:
        return text
    check_slug(institution, where="institution")
    lines = text.splitlines(keepends=True)  # the comments at the top speak of the placeholder itself
    return "".join(line if line.startswith("#") else line.replace(PLACEHOLDER, institution) for line in lines)


def read_template(name: str, institution: str = "institution") -> UseCase:
    """Return a template as a declaration of the institution."""
    source = template_source(name, institution)
    return read_record(read_yaml(source.encode(), where=f"template {name}"), UseCase, where=f"template {name}")
