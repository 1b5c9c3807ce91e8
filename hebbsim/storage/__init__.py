"""A file in one outer-product matrix."""
