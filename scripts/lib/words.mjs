// The words that this project does not use, and what to write instead. docs/glossary.md has the words that it does use.

/**
 * `name` is an identifier or a file name, `comment` includes docstrings, `page` is prose in Markdown, `title` is the title
 * of a test, `message` a string of three words or more outside of tests: an error, a line of the log, help.
 *
 * @typedef {"name" | "comment" | "page" | "title" | "message"} Place
 *
 * `example` must be reported, and `fine` must not: check-rules.mjs plants both.
 *
 * @typedef {object} Ban
 * @property {RegExp} pattern
 * @property {string} instead
 * @property {readonly Place[]} in
 * @property {string} example
 * @property {string} fine
 */

/** @type {readonly Place[]} */
const TEXT = ["comment", "page", "title", "message"];
/** @type {readonly Place[]} */
const EVERYWHERE = ["name", ...TEXT];

/**
 * A word, also as a part of a name in camelCase, PascalCase, snake_case, UPPER_CASE or kebab-case.
 *
 * @param {string} words
 */
const word = (words) =>
  new RegExp(
    [
      `(?:\\b|(?<=_))(?:${words})(?=\\b|_|[A-Z])`,
      `(?:\\b|(?<=_|[a-z]))(?:${capitalised(words)})(?![a-z])`,
      `(?:\\b|(?<=_))(?:${words.toUpperCase()})(?=\\b|_)`,
    ].join("|"),
    "g",
  );

/** @param {string} words */
function capitalised(words) {
  return words.replaceAll(/(^|\|)([a-z])/g, (_, bar, letter) => bar + letter.toUpperCase());
}

/** @type {readonly Ban[]} */
export const bans = [
  // Words of this code alone, for things that have a name in the field.
  {
    pattern: word("doors?"),
    instead: '"entry point"',
    in: EVERYWHERE,
    example: "Both doors ask for it.",
    fine: "It is indoors.",
  },
  {
    pattern: word("lanes?"),
    instead: '"wait queue", or "connection" for one of a channel',
    in: EVERYWHERE,
    example: "Operations wait in lanes.",
    fine: "It is planed.",
  },
  {
    pattern: word("brim|brimful"),
    instead: '"read-ahead"',
    in: EVERYWHERE,
    example: "The buffer is read to the brim.",
    fine: "The room is full.",
  },
  {
    pattern: word("flows?"),
    instead: '"read-ahead", "stream"',
    in: ["name"],
    example: "flow",
    fine: "overflow_flowinfo",
  },
  {
    pattern: /\b(?:watch|loop|it) rests\b|\bat rest\b/gi,
    instead: '"backoff", "is suspended"',
    in: TEXT,
    example: "Then the watch rests for a moment.",
    fine: "The rest of the bytes.",
  },
  {
    pattern: /\brest_?ms\b|(?<=_)REST_MS\b/gi,
    instead: '"backoff"',
    in: ["name"],
    example: "FIRST_REST_MS",
    fine: "rest",
  },
  {
    pattern: word("attend(?:s|ed|ing)?|unattended"),
    instead: '"retain" and "release", "without an open stream"',
    in: EVERYWHERE,
    example: "A session that is attended.",
    fine: "The attendant.",
  },
  {
    pattern: word("disown(?:s|ed)?"),
    instead: '"release"',
    in: EVERYWHERE,
    example: "The session disowns the handle.",
    fine: "Its own.",
  },
  {
    pattern: word("judg(?:e|es|ed|ing|ement)"),
    instead: '"validate", "check", "decide"',
    in: EVERYWHERE,
    example: "The daemon judges the address.",
    fine: "The daemon validates the address.",
  },
  {
    pattern: word("payers?"),
    instead: '"the principal that it counts for"',
    in: EVERYWHERE,
    example: "The payer of the socket.",
    fine: "A multiplayer game.",
  },
  {
    pattern: word("patience"),
    instead: '"timeout", "how long to wait"',
    in: EVERYWHERE,
    example: "Its patience is over.",
    fine: "The patient.",
  },
  {
    pattern: word("wish|wishes"),
    instead: '"request", "option"',
    in: EVERYWHERE,
    example: "Signals that others take for a wish.",
    fine: "It is swished.",
  },
  {
    pattern: /\bverbs? of the policy\b|\bpolicy verbs?\b|\bverb `(?:admin|session|connect|netns)`/gi,
    instead: '"permission": a verb is an RPC',
    in: TEXT,
    example: "It takes the verb `admin`.",
    fine: "It takes the permission `admin`.",
  },

  // Sentences that read as the opposite of what they mean, or that say nothing.
  {
    pattern: /\bnone denies\b/gi,
    instead: '"if no rule matches, the request is denied"',
    in: TEXT,
    example: "The first match decides, and none denies.",
    fine: "The first rule that matches decides.",
  },
  {
    pattern: /^(?:Nothing to say|Done|Which|Begun)\.$/gm,
    instead: '"Has no fields.", the effect, or the thing',
    in: ["comment"],
    example: "Nothing to say.",
    fine: "Done. Nothing to say beyond that.",
  },

  // Forms that a reader has to translate.
  {
    pattern: /\bfor ever\b/gi,
    instead: '"forever", "without a limit", "indefinitely"',
    in: TEXT,
    example: "null waits for ever.",
    fine: "It is there forever.",
  },
  {
    pattern: /(?:^|(?<=[.:;] ))Answers?\b(?! to)/gm,
    instead: '"Returns"',
    in: ["comment"],
    example: "Answers the handle.",
    fine: "Its answers are read.",
  },
  {
    pattern:
      /\b(?:and|or) answers? (?:the|an?|how|what|whether|null|true|false|it)\b|\banswers? (?:null|-?E(?:AGAIN|BADF|OF|INVAL|\w+ER)\b)/gi,
    instead: '"returns"',
    in: ["comment", "title"],
    example: "Adds it, and answers how many there are.",
    fine: "It has no answers.",
  },
  {
    pattern: /(?:^|(?<=[.;:] ))Who (?!(?:am|is|are|may|can|has|does|owns|makes)\b[^.]*\?)[^?.]*\./gm,
    instead: '"callers that …", "clients that …"',
    in: TEXT,
    example: "Who makes many calls uses the Session stream.",
    fine: "Who is it?",
  },
  {
    pattern: /(?<!\bthere\s)\b(?:is|are|was|were) no (?!longer\b|more\b|less\b|such\b|reason\b)/gi,
    instead: '"is not a", "is invalid"',
    in: TEXT,
    example: "Throws TypeError for what is no number.",
    fine: "There is no number.",
  },
  {
    pattern: /\b(?:go|goes|going|went) on\b/gi,
    instead: '"continues"',
    in: TEXT,
    example: "The other streams go on after it.",
    fine: "The other streams continue after it.",
  },
  {
    pattern: /\banew\b/gi,
    instead: '"again", or a verb with "re-"',
    in: TEXT,
    example: "The log is opened anew after SIGHUP.",
    fine: "The log is reopened after SIGHUP.",
  },
  {
    pattern: /\bknows? (?:no|nothing)\b/gi,
    instead: '"does not support", "does not find"',
    in: TEXT,
    example: "The daemon knows no such key.",
    fine: "The daemon does not know it.",
  },
  {
    pattern: /\b(?:every|some|any|no)body(?: else)?'s\b/gi,
    instead: 'the owner: "of the caller", "of another principal"',
    in: TEXT,
    example: "It closes somebody else's handle.",
    fine: "It closes another session's handle.",
  },
  {
    pattern: /\b[Ww]hoever\b/g,
    instead: 'the noun: "the process that …"',
    in: TEXT,
    example: "Whoever serves the file can block it.",
    fine: "The process that serves the file can block it.",
  },
  {
    pattern: /\b(?:is|are|was|were) told (?:once|so|of|by|why|which)\b/gi,
    instead: '"is reported", "is notified", "gets"',
    in: TEXT,
    example: "Observers are told of readiness.",
    fine: "The daemon is told to detach.",
  },
  {
    pattern: /\b(?:and|or) says? so\b/gi,
    instead: "what is reported, and how",
    in: TEXT,
    example: "It cuts the message, and says so.",
    fine: "It truncates the message, with MSG_TRUNC.",
  },
  {
    pattern: /\blet(?:s|ting)? go\b/gi,
    instead: '"releases"',
    in: TEXT,
    example: "The kernel lets go of the socket.",
    fine: "The kernel releases the socket.",
  },
  {
    pattern:
      /\b(?:all the same|in vain|as ever|in the midst of|for want of|without a word|by (?:the )?means of|at the (?:most|least)|in words)\b/gi,
    instead: 'the plain word: "still", "without effect", "as usual", "during", "for lack of", "by", "at most"',
    in: ["comment", "page", "title"],
    example: "A fork in the midst of a send.",
    fine: "A fork during a send.",
  },
  {
    pattern: /\b(?:kernel|resolver|policy|broker|daemon)(?: itself)? (?:said|says) no\b/gi,
    instead: '"the system call failed", "the policy denied it", "the daemon refused it"',
    in: TEXT,
    example: "The kernel said no.",
    fine: "The kernel returned EPERM.",
  },
  {
    pattern: /\b(?:himself|herself)\b/gi,
    instead: '"itself"',
    in: TEXT,
    example: "If the caller did not ask for it himself.",
    fine: "It asks itself.",
  },
  {
    pattern: /\bnobody's business\b|\b(?:daemon|kernel|API)'s (?:own )?word\b/gi,
    instead: 'what happens: "is ignored", "the daemon confirms it"',
    in: TEXT,
    example: "Later rejections are nobody's business any more.",
    fine: "Later rejections are ignored.",
  },
  {
    pattern: /\bin earnest\b|\bbrings nobody on\b|\bsaid aloud\b|\bfrom birth\b|\bis said to be\b/gi,
    instead: "what happens",
    in: TEXT,
    example: "Every descriptor is non-blocking from birth.",
    fine: "Every descriptor is created non-blocking.",
  },
  {
    pattern:
      /\b(?:at most|only|for|after|of) so (?:many|long)(?: (?:bytes|milliseconds|seconds|handles|messages|files))?[.,;:]/gi,
    instead: 'the parameter: "at most `count` bytes"',
    in: TEXT,
    example: "At most so many bytes.",
    fine: "So many callers wait that some are refused.",
  },
];
