"""A DRAM with a state: which rows are open decides what an access costs."""
