"""The real one."""

from adapters.protocols.signed_rest import FACTS, Adapter

__all__ = ["FACTS", "Adapter"]
