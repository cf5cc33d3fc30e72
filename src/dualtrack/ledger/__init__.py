"""Ledger: an append-only Merkle log, its signed heads, proofs, and the witness who co-signs only consistent heads.

It knows bytes, not nouns, and keeps nothing itself: a store hands it tiles and writes what it returns.
RFC 6962 hashing, C2SP tiles, checkpoints, cosignatures and witness requests, so existing monitors can follow.
"""
