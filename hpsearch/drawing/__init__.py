"""Pictures of searches, as values: the pages draw them with templates, `figures` as files."""
