"""From data set cards to prompts: cards, sources of rows, selection, templates."""
