"""The worksheet: strips and reagents of a batch as a grid of letters."""
