"""The demo: five fictional institutions, three real measurements on 30,000 real accounts, every verdict computed in the run.

Everything fictional is marked `demo: true` in the records themselves. The room only calls the rooms above it: what the
demo does, a firm can do with the same verbs.
"""
