"""WiC: does a word mean the same in two sentences? (paper, section 3.2 and appendix D.9).

Steps: no contexts -> words, and the senses of each (the instance seeds) -> two
sentences for each label -> the meta-prompt. Agrees with the paper / differs:

- no step 1, verbs and nouns, at most 4 definitions of each, and what the labels
  mean agree;
- 80 words a list, not 50, and two of a word's meanings are seeds, so that rows
  use more words. Code draws their part of speech, first letter and frequency, the
  distance of the two meanings, and the form, people and style of sentences;
- code draws the definitions, not the model: the seed's own for *true*, the
  seed's own and another, in either order, for *false*. The model gets the same request for both
  labels: two sentences with a meaning for each. So length, shared words and inflection do not
  reveal the label. The paper lets the model pick the definition for *true*, and asks for a sentence
  per definition for *false*: the variant `paper`;
- both definitions of a *false* row are of one part of speech, since otherwise syntax would separate
  a noun from a verb. Those of the variant `paper` may be mixed;
- two sentences that share a word of content are refused, but in `paper`. In the official
  training set 6.4% of the true and 0.8% of the false pairs share one;
- code finds the spans, by the word's forms, and refuses a sentence that holds
  the word twice;
- a seed is drawn again when a model knows no more words. The paper's 50 words with 4 definitions
  make 400 rows, its table 4,843;
- the worked examples are ours.
"""

from __future__ import annotations
