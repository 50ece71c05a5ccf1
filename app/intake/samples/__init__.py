"""Anonymous samples: registration, tickets, consents and the queue."""
