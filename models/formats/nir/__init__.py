"""NIR, the Neuromorphic Intermediate Representation: graphs of continuous neurons, read and written."""
