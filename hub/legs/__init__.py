"""Legs: the questions and answers of calls that are kept for a while, sealed."""

from hub.legs.models import Leg
from hub.legs.service import Legs

__all__ = ["Leg", "Legs"]
