"""Time the stages of Cache-to-Cache requests: from data set cards to records to reports."""
