"""From an uploaded file to its text: `reading` tells what it is and has it read by `child`, a process of its own."""
