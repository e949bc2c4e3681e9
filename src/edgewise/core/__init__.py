"""The ground floor: traced values, primitives, the registry, the graph's nodes and the walks over its edges.

Start with ``traced`` (what a user's function receives), then ``primitive`` (what an operation declares),
then ``node`` and ``walk`` (the graph, and the two ways along its edges). This floor imports NumPy only.
"""
