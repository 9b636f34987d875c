"""The dataflow in motion: the frames of an execution, written small, and the page that plays them."""
