"""Gram matrices in files, computed and written block by block."""
