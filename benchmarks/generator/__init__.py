"""Generator of fictitious job postings."""
