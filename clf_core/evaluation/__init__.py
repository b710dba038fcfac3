"""The honest look at the test split: scores, what they mean in words, and the pictures behind them."""
