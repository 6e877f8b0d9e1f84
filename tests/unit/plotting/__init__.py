"""Objects in notebooks."""
