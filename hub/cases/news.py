"""What a citizen is told of a case on its way, by language: the sentences of reference/cases.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import yaml

from hub.errors import REFERENCE
from hub.settings.shapes import Text

_SENTENCES: Mapping[str, Text] = yaml.safe_load(Path(REFERENCE).with_name("cases.yaml").read_text(encoding="utf-8"))


def news(id: str, title: Text | None = None) -> Text:
    """One of them; `title` is what it speaks of, where it names something."""
    named = title or {}
    return {
        language: text.format(title=named.get(language) or named.get("zh", ""))
        for language, text in _SENTENCES[id].items()
    }
