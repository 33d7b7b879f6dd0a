"""From records to tables, figures and a report. Knows records only; never imports torch."""
