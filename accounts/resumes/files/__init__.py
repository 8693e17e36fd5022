"""Text extraction from uploaded files. `sandbox` detects the type and runs `extract_worker` in a separate process."""
