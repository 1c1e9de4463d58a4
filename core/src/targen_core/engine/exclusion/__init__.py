"""The exclusion filter: does a candidate hold, or nearly hold, a row that must not be there?

The rows of an excluded dataset lie in files of an index, which are mapped and not loaded: each
row's texts as comparisons see them, and a table from hashes to the numbers of rows. A row is
entered under a hash of its whole and of each of its texts; under hashes of runs of eight words,
chosen by winnowing (Schleimer et al., SIGMOD 2003), so that every run of thirteen that two texts
share leads from one to the other; and under some of its rarest runs of letters and pairs of
words, from all along its text, which those who edit it would have to hit. These runs are longer
among more rows: short ones survive more edits, but lead to too many rows there. A candidate looks
under all of its own. What it meets is read back and compared exactly, so a hash alone refuses
nothing.

Hashes depend on the texts alone: on no process, machine or order of sources.
"""
