"""TSSL-BP, temporal spike sequence learning: the timing of spikes, followed through neurons and within one."""
