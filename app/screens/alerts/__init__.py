"""Alerts: the list, one alert, what partners and the public are told."""
