"""From an uploaded file to its text: `reading` sees what it is and has it read by `child`, a process of its own."""
