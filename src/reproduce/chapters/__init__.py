"""What the book's chapters show: plots, and tables as Markdown text."""
