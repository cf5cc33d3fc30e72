"""Keys: who signs, with what, and how a signature is carried.

Ed25519 signers behind one protocol, DSSE envelopes over exact bytes, verifier key strings as C2SP writes them.
No private key leaves `signer.py`; every text or list that comes from outside has a named bound.
"""
