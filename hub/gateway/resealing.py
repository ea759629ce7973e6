"""What this room keeps sealed, for whoever reseals it."""

from __future__ import annotations

from hub.gateway import idempotency, samples
from hub.gateway.models import SampleRow, Submission
from hub.keys.resealing import Sealed

SEALED = (
    Sealed(Submission, "answer_sealed", lambda _: idempotency.PURPOSE),
    Sealed(SampleRow, "sample_sealed", lambda _: samples.PURPOSE),
)
