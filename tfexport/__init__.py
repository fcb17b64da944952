"""Save, inspect and run TensorFlow SavedModels."""

__version__ = "0.1.0"
