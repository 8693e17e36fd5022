"""Producers of resume files: each turns an abstract page into a PDF or DOCX in its own way."""
