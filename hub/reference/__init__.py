"""Data files the hub ships with, each with its source and date in README.md."""
