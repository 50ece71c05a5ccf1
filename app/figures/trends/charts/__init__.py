"""Charts of protected tables as plain geometry, drawn by the server. Pure: knows the tables, no web and no database.

Every face draws a table in the same way: `pictures(table, names)` gives what is worth drawing, each with a summary in
words; `svg.inline` draws one on a page, `svg.slide` draws it as a file of its own for a talk.
"""

from app.figures.trends.charts.choose import Drawn, Picture, Pictures, pictures

__all__ = ["Drawn", "Picture", "Pictures", "pictures"]
