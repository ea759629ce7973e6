"""Staff passwords under Argon2id. Few are worked out at once, so that a storm of guesses eats no memory."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from hub.errors import Problem

_AT_ONCE = 2
_WAIT_S = 3.0
# OWASP Password Storage: Argon2id with 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
# What an account that does not exist is checked against, so that its refusal takes as long.
NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCE$9pQ0xkPzv1Qm4m3pcb8v7v0Q5p9eWn0b6s3n3o7i7pE"


class Passwords:
    """One for the process."""

    def __init__(self) -> None:
        self._places = threading.BoundedSemaphore(_AT_ONCE)

    def hash(self, password: str) -> str:
        with self._places:
            return _HASHER.hash(password)

    def matches(self, hashed: str, password: str) -> bool:
        """Takes some 30 ms of one core either way. Raises OVERLOADED when too many others wait."""
        if not self._places.acquire(timeout=_WAIT_S):
            raise Problem("OVERLOADED", origin="hub", retry_after=5, note="passwords")
        try:
            return _HASHER.verify(hashed, password)
        except (Argon2Error, InvalidHashError):
            return False
        finally:
            self._places.release()
