"""Answers to a question: true figures for the operator, protected ones for everybody else.

One module per kind of figure; all of them go one road through protection (road.py), on the samples behind them.
Imports no web and no other feature.
"""

from app.trends.figures.answer import rows_of
from app.trends.figures.baseline import baseline_asking
from app.trends.figures.question import Asking
from app.trends.figures.registry import cells_of, figure_of
from app.trends.figures.standing import left_out

__all__ = ["Asking", "baseline_asking", "cells_of", "figure_of", "left_out", "rows_of"]
