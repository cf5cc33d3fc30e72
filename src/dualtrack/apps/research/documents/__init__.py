"""Documents of issuers: pages, tables and cells with their places, statements as facts, an index that is asked."""
