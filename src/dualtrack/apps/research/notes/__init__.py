"""Research notes: sentences with what supports them, checked before anybody may publish; interests, dealings and quiet periods from a register."""
