"""Departments that open a view, laid out like adapters/."""
