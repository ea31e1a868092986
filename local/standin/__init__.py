"""What the stand-ins for both vendors share. Neither shares code with the product."""
