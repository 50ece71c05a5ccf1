"""What someone has to do about a sample, with who did it and when. Shown on the board, the bench and the consultation."""
