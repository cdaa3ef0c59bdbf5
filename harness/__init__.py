"""Real servers, clusters and databases for tests and benchmarks to drive and to kill."""
