"""What objects look like in a notebook: tables as HTML, plots as matplotlib figures."""
