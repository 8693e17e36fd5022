"""Parse the text of a resume into its parts. Every value comes from the text and has a confidence between 0 and 1."""
