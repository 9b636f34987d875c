"""Modules of PyTorch are collected (for their docstrings) only where PyTorch is."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["models.py"]
