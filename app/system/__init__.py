"""The service itself: start page, live events of staff, health, audit page, about."""
