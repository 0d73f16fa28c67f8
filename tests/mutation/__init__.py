"""`make mutate`: what holds when each guard is removed in turn? The list of guards is in `guards/`."""
