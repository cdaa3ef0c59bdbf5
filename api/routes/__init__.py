"""The routes: parse, call, shape the answer."""
