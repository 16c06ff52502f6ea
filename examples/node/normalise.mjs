// The rules "messages-v1", for models whose metadata has `btp.normalisation`: docs/export.md describes them step by step.

const entities = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  lsquo: "'",
  rsquo: "'",
  ldquo: '"',
  rdquo: '"',
  hellip: "...",
  ndash: "-",
  mdash: "-",
  bull: "•",
  middot: "·",
  pound: "£",
  euro: "€",
  cent: "¢",
  copy: "©",
  reg: "®",
  trade: "™",
  deg: "°",
  times: "×",
  hearts: "♥",
  eacute: "é",
  agrave: "à",
  egrave: "è",
  ccedil: "ç",
  ntilde: "ñ",
  uuml: "ü",
  ouml: "ö",
  auml: "ä",
  szlig: "ß",
};
const plain = {
  "\u2018": "'",
  "\u2019": "'",
  "\u00b4": "'",
  "`": "'",
  "\u201c": '"',
  "\u201d": '"',
  "\u2013": "-",
  "\u2014": "-",
};

export function normalise(text) {
  const unescaped = readEntities(readEntities(text)).replace(
    /\\(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|[nrt])/g,
    (_, four, two) => (four || two ? String.fromCharCode(Number.parseInt(four || two, 16)) : " "),
  );
  return straighten(straighten(unescaped.replace(/(\p{M}{30})\p{M}+/gu, "$1")).normalize("NFKC"))
    .replace(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
      /[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]|\ufe0f|\p{Cs}/gu,
      "",
    )
    .replace(/https?:\/\/\S+|www\.\S+/gi, "http")
    .replace(/@[\p{L}\p{N}_]+/gu, "@user")
    .toLowerCase()
    .replace(/(.)\1{3,}/gsu, "$1$1$1")
    .replace(/\s+/g, " ")
    .trim();
}

const straighten = (text) => text.replace(/[\u2018\u2019\u00b4`\u201c\u201d\u2013\u2014]/g, (c) => plain[c]);

function readEntities(text) {
  return text.replace(
    /&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g,
    (whole, decimal, hex, name) => {
      if (name) return Object.hasOwn(entities, name) ? entities[name] : whole;
      const code = decimal ? Number(decimal) : Number.parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : "\ufffd";
    },
  );
}
