"""Inspection: what the regular rounds found, for people to see: drifted contracts, services broken for people, ends."""
