"""The Oxford spike pattern: 200 input trains to be turned into 200 others that draw the Radcliffe Camera."""
