"""What counts as a failed evolution, and how two methods are compared."""
