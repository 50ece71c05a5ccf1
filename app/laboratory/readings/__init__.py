"""Analyses, uploads of instrument files, readings and their candidates."""
