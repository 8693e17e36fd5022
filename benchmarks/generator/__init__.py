"""Postings that nobody advertised, as many as a benchmark asks for."""
