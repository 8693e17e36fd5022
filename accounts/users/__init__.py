"""The account in the shape of the job-search family: the same users under other names of their fields."""
