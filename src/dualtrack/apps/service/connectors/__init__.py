"""Connectors of the chat to a help desk: Chatwoot's agent bot, and a plain signed webhook for everything else."""
