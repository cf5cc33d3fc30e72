"""From logged decisions to columns: what each control said of each decision, what became of it, and who knows whether it was harmful."""
