"""Random operations on XenStore, compared with a model: see `store` for the command."""
