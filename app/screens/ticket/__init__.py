"""The client's page behind a ticket, on screen and on paper."""
