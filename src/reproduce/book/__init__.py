"""The book's making: notebooks are executed, and rendered with what made them."""
