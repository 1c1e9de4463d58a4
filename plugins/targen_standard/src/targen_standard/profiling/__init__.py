"""`targen profile`: how real texts are written, as a section of a task file that people edit."""
