"""Training a two-layer network: :func:`pyntk.train` and what it is made of."""
