"""The pure function `assess` from logged entries and rule packs to an Assessment and a Permit, and what explains it.

Six steps, specified in docs/assessment.md: admit, derive, applicability, requirement, waivers, outcome. Bundles carry
the same inputs to an outsider, who recomputes the same bytes.
"""
