"""`make mutate`: removes each guard in turn and runs its tests. The guards are listed in `guards/`."""
