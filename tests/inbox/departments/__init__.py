"""Departments that bring something by themselves."""
