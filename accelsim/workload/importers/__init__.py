"""Networks from elsewhere: each reader turns its format into one neutral graph, and one lowering makes layers of it."""
