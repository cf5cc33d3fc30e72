"""From results to pages: what each page shows, in the reader's language, and the renderer that they share.

Views are functions of what the rooms below return; they decide nothing and write nothing.
"""
