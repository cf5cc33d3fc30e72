"""Guards: checks of what goes into a model and what comes out, each with a score from 0 to 1000.

A guard never decides what happens; the use's policy names its threshold and its action. A firm's own guard is one class
with the same form, found by the entry point `dualtrack.guards`.
"""
