"""An analysis for people and for programs: JSON, tables, pictures, one HTML page."""
