"""What happens, in order: search a method, prove it, apply it, write it all down."""
