"""Many designs: a study is a declaration, its points are found by content, and no result is lost."""
