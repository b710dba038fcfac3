"""Pictures in: reading sources safely, decoding, storing, splitting and loading them as model inputs."""
