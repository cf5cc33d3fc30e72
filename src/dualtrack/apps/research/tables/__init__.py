"""Questions of tables: files loaded and locked away, SQL read and gated, a result that says where it comes from."""
