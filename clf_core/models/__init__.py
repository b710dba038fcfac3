"""Pretrained networks and what is built on them: their weights, their fast runtime, classifiers.

Nothing here knows of datasets, runs or the workspace; nothing is downloaded or imported from torch
until a method that needs it is called.
"""
