"""Two uses of a language model under permit: a licensed corporation's client answers and a bank's customer service.

Both answer from a small carried corpus of our own writing about invented firms, by quoting it; a real local model may stand
before that behind an OpenAI-compatible endpoint. The drills compute evidence from what a governed path really answered. Where
no model is installed, what would need one is "not run": there is no answer that was written beforehand.
"""
