"""The documentation: every block of its pages runs, its site and the files about the project are sound."""
