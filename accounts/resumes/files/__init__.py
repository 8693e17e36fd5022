"""From an uploaded file to its text: `kinds` tells what it is, `reading` reads it in a process of its own."""
