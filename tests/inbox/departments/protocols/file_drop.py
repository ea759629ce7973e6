"""The shipped protocol, where a system of this package looks for it."""

from adapters.protocols.file_drop import FACTS, Adapter

__all__ = ["FACTS", "Adapter"]
