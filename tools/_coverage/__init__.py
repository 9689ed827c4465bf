"""docs/coverage.md, generated: what is there, which method has it, and what runs have seen of it."""
