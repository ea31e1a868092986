"""The doors' handlers, called as Lambda calls them."""
