"""Pages of the console and of customers: each takes a request that was already let in, and gives a view or a redirect."""
