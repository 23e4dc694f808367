"""What touches the outside: databases, keys, jobs, logs."""
