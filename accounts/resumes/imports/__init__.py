"""Resumes in structured formats: JSON Resume, Europass and LinkedIn's export. Each is converted to resume content."""
