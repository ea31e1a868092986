"""Every position of every switch of both stand-ins, with the whole product attached."""
