"""Is a dataset fit to learn from: what is suspicious about its pictures, labels and splits, and how to mend it."""
