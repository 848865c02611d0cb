"""From photographs to grey arrays."""
