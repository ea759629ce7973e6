"""Filings: what goes to a department for a citizen, never lost and never sent twice (the filing outbox)."""
