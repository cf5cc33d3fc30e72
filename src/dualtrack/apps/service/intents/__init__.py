"""Intents: what a message is about, by a linear model trained in seconds from an operator's examples, with a way to say "none of these"."""
