"""Pictures and datasets as data: decoding, measuring, storing, splitting, editing and loading as model inputs."""
