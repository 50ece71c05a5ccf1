"""What people are told: message packs, consultations and clients' pages, alerts."""
