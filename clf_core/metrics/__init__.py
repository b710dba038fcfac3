"""Figures of merit as pure functions of arrays: no files, no names of classes, no words."""
