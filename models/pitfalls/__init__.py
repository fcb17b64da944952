"""Modules that cannot be saved as they are, one mistake each, with its remedy.

They are what ``tfexport save`` is tested against: each ends in a line or two that name the line.
"""
