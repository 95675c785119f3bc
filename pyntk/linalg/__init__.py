"""Spectra and solves: from a matrix by LAPACK, and from its rows by products without the matrix."""
