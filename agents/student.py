"""The student has its place here and comes with the recipe Selective Reflection.

Its messages exist: `ChooseTask` holds an old and a new pair; `Chosen` says which is kept, with its IFD or r-IFD
figures from the student model's own log-probabilities (`agents/messages.py`). Until then no task of this kind is made
and `cast.py` seats nobody.
"""
