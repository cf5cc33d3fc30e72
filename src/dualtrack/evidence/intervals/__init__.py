"""Intervals, one method a module. Each answers with an `Interval`, or with a `NoInterval` that names why it cannot.

A wrong argument (a level of 2, more successes than rows) is an error; data that a method cannot answer for are no error, they
are an answer. The caller must tell the two apart, so that no point is ever taken for certainty.
"""

from __future__ import annotations

__all__: list[str] = []
