"""What has been found: the record of runs, the paper's numbers, claims, costs."""
