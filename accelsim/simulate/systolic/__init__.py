"""Arrays stepped cycle by cycle on real numbers: the proof of accelsim.model's closed forms of their time."""
