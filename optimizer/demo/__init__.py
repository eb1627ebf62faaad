"""The seeds and the recorded run that `autoevol demo` uses."""
