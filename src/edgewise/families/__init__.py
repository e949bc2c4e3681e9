"""One file a family: what all its members share. Shape and dtype, batching, how the maps are built.

``elementwise`` is the one on the hot path; ``structure`` holds those that only move, join or choose entries.
"""
