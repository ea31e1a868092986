"""AWS on one machine: MiniStack as a child process. `patches` adds the behaviour of AWS that it lacks."""
