"""The functions for Python code and notebooks; import them from `autoevol.optimizer`. Nothing heavy is loaded here."""
