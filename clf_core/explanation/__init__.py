"""Where a model looked: heatmaps of the evidence for a class, and how they are drawn over the picture."""
