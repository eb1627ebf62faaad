"""The reflector (teacher) has its place here and comes with the recipe Selective Reflection.

Its messages exist: `ReflectTask` asks for a better instruction, or a better response, by given criteria; `Reflected`
gives the improved pair (`agents/messages.py`). Until then no task of this kind is made and `cast.py` seats nobody.
"""
