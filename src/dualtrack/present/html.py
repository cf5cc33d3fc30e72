"""Pages from templates: Jinja2 with escaping always on and undefined names refused.

Templates of a room lie in its own `templates/` folder; `base.html.j2` and `macros.html.j2` here are shared. A page is
self-contained: no script, no outside resource, and its first lines forbid the browser to load any.
"""

from __future__ import annotations

from functools import cache

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

__all__ = ["environment", "render"]


@cache
def environment(*rooms: str) -> Environment:
    """Return the environment for the named rooms (`"intake"`): their templates first, then the shared ones."""
    loaders = [PackageLoader(f"dualtrack.{room}", "templates") for room in (*rooms, "present")]
    return Environment(
        loader=ChoiceLoader(loaders),
        autoescape=True,  # always, whatever the file is called
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(template: str, room: str, **context: object) -> str:
    """Return the page made from a room's template; the same context gives the same text."""
    return environment(room).get_template(template).render(**context)
