"""Explain: the graph of one run, to read and to step through."""
