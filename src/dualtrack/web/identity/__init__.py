"""Who is asking, and what they may do: accounts, sealed keys, sessions, API keys, OpenID Connect, rates and permissions.

Nothing here decides about a use. Permissions say who may ask for a thing; whether builder and approver are different people is
judged later, from signatures.
"""
