"""What every request passes before its route: one class a file, put in order in `api.app`."""
