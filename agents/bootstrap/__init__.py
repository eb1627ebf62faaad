"""The agents of Self-Instruct: who thinks up tasks, sorts them, and makes instances of them."""
