"""Choosing and repairing answers: k answers to one instruction, programs that pass tests, programs that are mended."""
