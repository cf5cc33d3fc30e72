"""The HTTP API and the console: who you are, what you may do, pages in both languages, and the mounted hot path.

Pages are made on the server and work without JavaScript. Nothing is decided here: verdicts come from `permit`, calls
are governed by `runtime`, and every change is an entry that the rooms below write.
"""
