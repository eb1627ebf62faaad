"""Evol-Instruct: harder and other instructions, round by round (WizardLM, arXiv 2304.12244)."""
