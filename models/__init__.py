"""Where networks come from: file formats, training, trained networks, data sets."""
