"""Calibration curves and what is read off them: amounts a chemist may take over into a finding."""
