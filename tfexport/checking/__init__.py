"""Is a SavedModel whole, loadable, safe and right?"""
