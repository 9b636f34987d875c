"""Published results against ours: each study says what is run, what was published, and how far apart both may be."""
