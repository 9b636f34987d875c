"""Web pages in one file: fragments of text, style, script and data, composed, escaped, and needing no network."""
