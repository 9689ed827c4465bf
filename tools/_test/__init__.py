"""The test command's stages, and the environment they run in."""
