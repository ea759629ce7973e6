"""The one protocol of these departments."""
