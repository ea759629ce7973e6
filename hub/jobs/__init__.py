"""Jobs: what is done later, by `hub work`."""
