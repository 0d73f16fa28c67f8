"""The whole stack on a bare machine: real servers out of wheels, no containers, nothing to install by hand."""
