"""What measures ask of roles: a column that plays one, and no weights where rows are counted.

A rate or mean over rows is one over cases only where each row is one case. Rows that carry a weight are refused, since the
intervals here count rows, and a number that left the weight out would be about other people than it says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from dualtrack.evidence.sample import Roles

__all__ = ["counted_column", "refuse_weights", "role_column"]


def role_column(roles: Roles, role: str) -> str:
    """Return the name of the column that plays a role; raises FieldError where none does."""
    name = getattr(roles, role)
    if not isinstance(name, str):
        raise FieldError(f"no column plays {role!r}", where="plan, field columns", fix=f"name the column of {role!r}")
    return name


def counted_column(roles: Roles, role: str) -> str:
    """Return the column of a role for a measure that counts rows; raises FieldError where none plays it, or rows have weights."""
    refuse_weights(roles)
    return role_column(roles, role)


def refuse_weights(roles: Roles) -> None:
    """Raise FieldError where rows carry weights."""
    if roles.weight is not None:
        raise FieldError(
            "rows with weights",
            where=f"plan, field columns, weight {roles.weight!r}",
            expected="rows that each stand for one case: intervals of counts do not hold for weighted rows",
            fix="leave the role empty, or measure a sample drawn or repeated as the weights say",
        )
