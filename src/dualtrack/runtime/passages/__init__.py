"""Answering by quoting: passages with owner and dates, found by BM25, quoted whole with their id, or refused.

The default of an application that must not invent: an answer has at least one quotation, by its form.
"""
