"""Worksheets: strips and reagents of many samples written down at once, with the blank and the control of each test."""
