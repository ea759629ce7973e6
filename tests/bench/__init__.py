"""`make bench`: what the hub costs, as ratios to reference servers of one run. No test depends on it."""
