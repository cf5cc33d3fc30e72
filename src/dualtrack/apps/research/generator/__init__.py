"""Annual reports of fictional issuers: bilingual PDF, every number known, errors planted on purpose. For tests and the demo."""
