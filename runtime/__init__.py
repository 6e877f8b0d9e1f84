"""Running programs: backends, sessions, traces, comparison."""
