"""The semantics, executable: the numpy reference and the C core."""
