"""Calls to models and endpoints: a lean HTTP/1.1 client that says exactly what a broken peer did wrong.

Every governed call makes one call here, so its cost is paid on every decision: no general-purpose client is used. It
speaks only what is needed: keep-alive, TLS, chunked and counted bodies. No proxies, redirects, cookies or compression.
What a peer sends is untrusted: each size, count and wait has a bound, and each offence has a name (`faults`).
"""
