"""What all rooms stand on: errors, parameters, the store of artifacts, stages, sources."""
