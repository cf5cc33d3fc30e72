"""Approved passages from what a firm keeps: tables, Markdown, Word files, PDF files and saved pages of a site. All of it or nothing."""
