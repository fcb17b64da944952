"""Two of a kind side by side: arrays, checkpoints, whole SavedModels."""
