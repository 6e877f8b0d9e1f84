"""SLAYER: training spiking networks by surrogate gradients (Shrestha and Orchard 2018), in torch."""
