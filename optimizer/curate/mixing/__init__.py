"""Several sets of rows as one: two stages, shares, weights of skills. Manifests say what was drawn."""
