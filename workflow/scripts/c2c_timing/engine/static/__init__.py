"""Moves on memory that never moves: what can be captured, or compiled once, and then only replayed.

Lengths fall into buckets; positions are tensors. A prompt is padded at its end: what lies there is
written over by whatever comes next, and no real token ever attends to it.
"""
