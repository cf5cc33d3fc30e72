"""What the desk does on questions whose answers are known, beside what a search for words finds: the data that a plan measures."""
