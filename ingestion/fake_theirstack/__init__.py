"""A local server that speaks TheirStack's contract. Nothing else in the project pretends to be something it is not."""
