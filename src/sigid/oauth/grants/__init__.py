"""The grants of the token endpoint, a file each: check everything, spend in one statement, then make."""
