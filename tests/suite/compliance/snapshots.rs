//! The lists of populations: made once a day, proven by their roots, exported and verified.
