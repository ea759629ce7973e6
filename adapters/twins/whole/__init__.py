"""The whole county: every system and data class of county/*.json as a YAML folder and as a twin, from one plan.

Nothing here knows a department: what differs between two systems stands in the two JSON files.
"""
