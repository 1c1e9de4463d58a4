"""ReCoRD: reading comprehension with commonsense reasoning (paper, appendix D.7).

Steps: domains -> titles -> paragraphs (the instance seeds) -> a statement with
one entity masked -> the meta-prompt. Agrees with the paper / differs:

- the four steps and their inputs agree, and so does the label: an open one, the entity behind the
  mask. The 50 topics a domain and 7 paragraphs a topic are those of the variant `paper`;
- passages are reports of 100 to 200 words that come back to their people, as in the original. Code
  draws the field, length and manner of each;
- the statement is about the passage's people and places, and is not one of its sentences. Half may
  be a fact of the passage in other words; the rest is likely, given the passage. The paper asks for
  a statement "about the events in the paragraph" that holds "no events mentioned in the paragraph".
  This is our reading of the two;
- how a statement is built and what it tells is drawn as well;
- code finds the entities in the passage by rule, so that every one of them is really in it, at its
  place. The model does not list them;
- three entities are drawn by lot, all with the same chance, and the model takes
  the one that can be singled out. Models choose the first-named or the most
  frequent one, which can then be guessed without the query. In the paper the
  model chooses among all: variant `paper`;
- `source` is the constant "targen", not the run's name: a row has the same
  bytes wherever its run lies and whatever it is called. Rows that are read
  and written again keep theirs;
- the mask is `@placeholder`, as in the original. The paper prints [X];
- step 4 asks which entities fit: more than one, and the query is rejected as
  ambiguous. The paper asks for "the entity", and so does the variant `paper`;
- passages have no `@highlight` lines: these come from the newspapers' own
  summaries;
- the worked examples are ours: the paper's is a row of the original data.
"""

from __future__ import annotations
