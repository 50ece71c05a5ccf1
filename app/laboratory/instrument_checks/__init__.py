"""Infrared instruments of a laboratory: daily checks, transfer of libraries to them, and response factors."""
