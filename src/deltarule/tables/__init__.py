"""Files and DataFrames to arrays."""
