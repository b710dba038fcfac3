"""Taking things out of the studio: datasets as archives that people and other tools can read."""
