"""Plumbing that knows no drug checking: database, web, live events, jobs, audit, security, storage."""
