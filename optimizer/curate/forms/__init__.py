"""Answers in exact forms: arithmetic that is made and checked without a model."""
