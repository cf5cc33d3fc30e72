"""What reports, console and command line share: language pairs, base template, tables, safe spreadsheet writing.

A page is one file without script or outside resource; every text on it is an English and Traditional Chinese pair.
"""
