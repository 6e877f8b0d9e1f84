"""Events, recordings and the files that hold them."""
