"""Numbers that pages publish, each with the cell of a result file that it comes from (scripts/numbers.py)."""
