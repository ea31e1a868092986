"""`make bench`: measures cost and speed of the product on the local stack, through its real doors."""
