"""The hot path over HTTP: raw ASGI applications for `/v1`, without a framework between the socket and the gate.

A face reads and answers; what may happen is decided by the gate, the guards and the use's policy.
"""
