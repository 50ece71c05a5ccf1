"""About this service, the audit log, and problems."""
