"""Selective Reflection-Tuning: a teacher reflects, a student selects; and the scores of given rows."""
