"""Place handling: look up names (`names`), parse labels (`labels`), determine a job's place (`places`)."""
