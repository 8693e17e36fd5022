"""A corpus of generated resumes and a benchmark of the resume parser: `python -m benchmarks.resumes`."""
