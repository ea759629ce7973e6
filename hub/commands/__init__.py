"""The verbs of the `hub` command, apart from `demo`."""
