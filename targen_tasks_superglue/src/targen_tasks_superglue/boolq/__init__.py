"""BoolQ: yes/no questions about a passage (paper, section 3.2 and appendix D.6).

Steps: domains -> titles -> paragraphs (the instance seeds) -> a question for
each label -> the meta-prompt. Agrees with the paper / differs:

- the four steps and their inputs agree. The variant `paper` has the 50 topics per domain and 7
  paragraphs per topic. Here a domain gets 5 topics and a topic 2 paragraphs at once, so that a run
  has many;
- code draws the field of a domain, the length and manner of a paragraph, and what a question asks
  about. Left to themselves, models write four sentences of history and ask about the past, where
  the original asks what is so today;
- a passage is in one row, for one label;
- code puts the row into its official form, which the paper does not mention. That is a question in
  lower case without a question mark, and a passage behind its title;
- a question is of one of two kinds, *stated* and *inferred*. One of three is inferred, and mostly
  applies a rule of the passage to a case. The paper's prompt leaves it open, and models then turn a
  sentence into a question;
- both labels are requested in the same form, without words such as "only" or "never". The original
  has these mostly in questions whose answer is no. The paper's own example of a "no" is solved by
  such a word;
- a question that the passage leaves open is rejected as `undecided`. In the
  paper step 3 means by FALSE what the passage contradicts, and step 4 what it
  does not confirm. So do the steps of the variant `paper`. Its step 3 asks for any query with the
  answer yes or no, without our rules on its form;
- a question that offers two answers ("a potter or a painter"), or that asks what the passage says,
  is rejected. This is also so in the variant;
- the worked examples are ours.
"""

from __future__ import annotations
