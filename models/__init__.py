"""Example modules, each a small lesson in what makes a good SavedModel.

They are the README's demo and the tests' inputs: ``tfexport save models.custom_dense:CustomDense``.
"""
