"""The nouns: frozen typed records, identifiers, time, canonical bytes and digests.

Nothing here reads a clock, a file or a network; what depends on time is given an instant.
Records are defined once here and every other room imports them by module.
"""
