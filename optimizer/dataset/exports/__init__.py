"""Data out: rows in the forms that trainers read, with a card and ready settings beside them."""
