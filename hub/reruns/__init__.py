"""Re-runs: asking again what was not answered, singly or many at once."""
