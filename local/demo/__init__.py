"""The demo without a person: companies connect, payments arrive, lexoffice fails, and every line exists exactly once."""
