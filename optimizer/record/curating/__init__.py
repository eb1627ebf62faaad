"""What can be said about each selector of `autoevol curate`: one file a selector."""
