"""The `dualtrack` command: reads arguments, calls the rooms above, renders results and errors. No rules live here."""
