"""HTTP plumbing: problems, headers, CSRF, idempotency, ETags, paging, templates. Knows no feature."""
