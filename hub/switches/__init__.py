"""Switches: what operations turn on, off and down, by config or by an override above it."""
