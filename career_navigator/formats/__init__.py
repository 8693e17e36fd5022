"""Date and time formats of the admin that override Django's formats for the language."""
