"""Generated answers held against their sources, sentence by sentence and without a model: what does not stand in its source is not shown.

Rules on words find plain changes of figures, dates, names, parties, negations and additions. What passes them all may still be wrong, so the check
stands beside, never in place of, a use that is approved for generated answers.
"""
