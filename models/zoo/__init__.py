"""Small trained networks, each with the script that made it."""
