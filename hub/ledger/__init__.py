"""Who exchanged what with whom, and why: the record of every call. Loads nothing: a witness needs little of it."""
