"""The ring of sealing keys turns, and nothing is lost."""
