"""Applications: one opportunity area each, of one shape, registered by the entry point `dualtrack.apps`."""
