"""The protocols of these departments: one of their own, and the real ones."""
