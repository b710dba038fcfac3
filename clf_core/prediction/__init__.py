"""Answers for new pictures: one at a time, or a whole folder with every file accounted for."""
