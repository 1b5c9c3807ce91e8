"""The experiment itself: a plan, its random draws, one trial, and where and in which order it runs."""
