"""AWS on one machine: MiniStack as a child process, with what it lacks supplied in `patches`."""
