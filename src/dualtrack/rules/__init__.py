"""Rule packs: cited requirements as dated data.

The language of their expressions, its evaluator, the packs' loader and checks, the shipped packs. Knows no ledger and no clock.
"""
