"""`make bench`: what the product costs and how fast it is, measured on the local stack through its real doors."""
