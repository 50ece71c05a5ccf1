"""Who is there, what was handed in, and where it goes: people, sessions, samples, custody, tasks."""
