"""Fitting a classifier: features of the training pictures, then the head.

Training knows pictures, a backbone and callbacks; it knows nothing of runs, processes or screens.
"""
