"""The other side of the counter: recompute what firms send, co-sign their heads, see the market, ask and be answered.

A supervisor trusts nothing of the firms' software: bundles go through the single-file verifier, figures of a return are
computed again from the bundles, and what a notice says is text and a rule pack, never anything that runs.
"""
