"""From a module of the user's to a SavedModel: the home of tensorflow's Python API."""
