"""Customer service: approved passages, what must go to a person before any model, and what a turn would do."""
