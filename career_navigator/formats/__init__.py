"""How the admin writes times and numbers, where that is not how the language does."""
