"""Training as another process: starting it, telling whether it lives, following it and stopping it."""
