"""TheirStack, a paid source that is searched by role and place."""
