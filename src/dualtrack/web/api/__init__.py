"""The JSON API under `/api/v1`: what the console can do, for programs. Pydantic models live here and nowhere else."""
