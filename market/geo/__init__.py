"""Places: what a name stands for (`names`), what a label says (`labels`), where a job is (`places`)."""
