"""The green-claim check: claims about the environment in a report, what in it bears them out, and what they may be in a taxonomy."""
