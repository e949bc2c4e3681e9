"""What users call: ``grad``, ``jacobian``, ``jvp``, ``vjp``, ``linearize``, ``vmap``; one file a transformation."""
