"""A strict stand-in for lexoffice (Lexware Office): partner API, OAuth server and a small web app, in memory."""
