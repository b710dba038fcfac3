"""The ways in: sources of files, what their names and tables say, and the import that makes a dataset version."""
