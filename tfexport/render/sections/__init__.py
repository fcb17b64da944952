"""The sections of a model's page, one a file: each a ModelDescription's part as blocks."""
