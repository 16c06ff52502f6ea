/**
 * Widths of text in DejaVu Sans, for Vega's layout. Without a canvas Vega takes 0.8 of the font size for every character,
 * which leaves a third of a plot empty beside a long title. Vega means its measure to be replaced (vega-scenegraph
 * src/util/text.js, "user defined textMetrics.width"), though its types do not say so.
 */

/** Mean advance of English letters and digits, in font sizes, read off the font; bold is wider. */
const ADVANCE = { normal: 0.585, bold: 0.655 } as const;

interface TextItem {
  readonly fontSize?: number;
  readonly fontWeight?: string | number;
}

/** @param vega - the module; left as it is where it has no such measure */
export function measureAsDejaVu(vega: object): void {
  if (!("textMetrics" in vega)) return;
  const { textMetrics } = vega;
  if (typeof textMetrics !== "object" || textMetrics === null || !("width" in textMetrics)) return;
  textMetrics.width = textWidth;
}

/** @returns pixels */
export function textWidth(item: TextItem, text: unknown): number {
  const bold = item.fontWeight === "bold" || Number(item.fontWeight) >= 600;
  const advance = bold ? ADVANCE.bold : ADVANCE.normal;
  const characters = text === null || text === undefined ? 0 : String(text).trim().length;
  return Math.ceil(advance * characters * (item.fontSize ?? 11));
}
