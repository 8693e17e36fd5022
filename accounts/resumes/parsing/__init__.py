"""From a resume's text to its parts. Nothing is said that the text does not say; each part has a confidence, 0 to 1."""
