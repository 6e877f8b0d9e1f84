"""The parts of quantization: formats, output channels, the scale of a layer, and the search on recordings."""
