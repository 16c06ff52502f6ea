// A language of 23 words and one rule, small enough for a GPT that learns it in seconds. An insult counts unless "not"
// stands right before it. "You are not clever but stupid" and "You are not stupid but clever" have the same words and
// opposite labels, so adding words up cannot tell them apart: the model has to look at what stands where.

export const insults = ["stupid", "ugly", "useless", "lazy"];
export const praise = ["clever", "kind", "funny", "brave"];
const openings = ["You are", "I think you are", "Well, you are", "They say that you are"];

/** @returns {{text: string, label: 0 | 1}[]} every sentence, in a fixed order */
export function allSentences() {
  const ends = [];
  for (const a of [...insults, ...praise]) {
    ends.push(["", a], ["not", a], ["so", a]);
    for (const b of insults.includes(a) ? praise : insults) {
      ends.push(["not", a, "but", "", b], ["", a, "but", "not", b], ["not", a, "but", "so", b]);
    }
  }
  return openings.flatMap((opening) =>
    ends.map((words) => ({
      text: [opening, ...words.filter(Boolean)].join(" "),
      label: words.some((word, i) => insults.includes(word) && words[i - 1] !== "not") ? 1 : 0,
    })),
  );
}

/** Every fifth sentence is kept from training, to see whether the rule was learned or the sentences. */
export function split(sentences) {
  return {
    train: sentences.filter((_, i) => i % 5 !== 0),
    test: sentences.filter((_, i) => i % 5 === 0),
  };
}
