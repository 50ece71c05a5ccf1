"""Published figures: perturbed by cell keys, drawn for a finite lattice, struck once and stored as they read.

`noise` draws, `lattice` says which tables there are and which of them add up to a question, `striking` counts and draws
what is due, `intervals` says what a perturbed figure is worth. docs/methods/trends.md explains the method.
"""
