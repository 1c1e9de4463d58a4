"""Parts that several SuperGLUE tasks share: settings, phrases, premises with hypotheses."""
