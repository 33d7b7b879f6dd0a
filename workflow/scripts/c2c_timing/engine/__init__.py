"""The C2C method itself: models, caches, projectors and decoding. Knows nothing of data sets."""
