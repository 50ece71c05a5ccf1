"""Reception: registering a sample, its ticket, the queue."""
