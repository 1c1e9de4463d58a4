"""BoolQ: yes/no questions about a passage (paper, section 3.2 and appendix D.6).

Steps: domains -> titles -> paragraphs (the instance seeds) -> a question for
each label -> the meta-prompt. Agrees with the paper / differs:

- the four steps and what goes into each agree: 50 topics a domain, 7 short
  paragraphs a topic, a question whose answer by the passage is yes or no;
- code puts the row into its official form, of which the paper says nothing: a
  question in lower case without a question mark, a passage behind its title;
- a question is of one of two kinds, *stated* and *inferred*, two of three the
  latter, noted in the provenance and the same for both labels. The paper's
  prompt leaves it open, and models then turn a sentence into a question;
- both labels are asked for in the same form, without words such as "only" or
  "never", which the original has mostly in questions whose answer is no. The
  paper's own example of a "no" is solved by such a word;
- a question that the passage leaves open is rejected as `undecided`. In the
  paper step 3 means by FALSE what the passage contradicts, and step 4 what it
  does not confirm. So do the steps of the variant `paper`, whose step 3 asks
  for any query with the answer yes or no, without our rules on its form;
- a question that offers two answers ("a potter or a painter"), or that asks
  what the passage says, is rejected, in the variant as well;
- the worked examples are ours.
"""

from __future__ import annotations

from targen_tasks_superglue.boolq.rows import BoolqRow
from targen_tasks_superglue.boolq.steps import write_no, write_yes
from targen_tasks_superglue.boolq.task import BOOLQ

__all__ = ["BOOLQ", "BoolqRow", "write_no", "write_yes"]
