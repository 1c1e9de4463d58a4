"""What people and models say of single rows: a sheet to fill in, and ratings."""
