"""The answers of the HTTP interface, as pydantic models: /openapi.json is made of them.

Times are UTC. Numbers are finite: where a trial diverged, its value and loss are null.
"""
