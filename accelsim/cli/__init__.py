"""The command line: every command a few lines over accelsim's functions."""
