"""Departments of the gateway's tests, laid out like adapters/."""
