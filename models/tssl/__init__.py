"""Temporal spike sequence learning by backpropagation: the timing of spikes, followed through neurons and within one."""
