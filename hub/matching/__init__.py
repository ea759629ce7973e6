"""Whether a row is about the person or company that was asked about: by rule, or by somebody's decision."""
