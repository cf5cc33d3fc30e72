"""Applications: one package for each area of opportunity. They import neither one another nor what mounts them."""
