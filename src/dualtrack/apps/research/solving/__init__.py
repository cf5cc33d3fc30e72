"""Questions over a table and its text, answered by a program over named cells, or not at all and with the reason."""
