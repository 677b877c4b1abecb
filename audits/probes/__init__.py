"""What must ask for rows or a model: each probe says what it reads and writes its answer as counts."""
