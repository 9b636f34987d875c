"""The tile pipeline: tiles move through the levels over ports that take time, while the MACs work."""
