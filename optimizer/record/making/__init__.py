"""What can be said about each recipe of `autoevol make`: one file a recipe."""
