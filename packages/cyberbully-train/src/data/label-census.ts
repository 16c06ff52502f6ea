/**
 * The values found where 0 and 1 were expected, for an error message. A wrongly chosen column holds messages, which must
 * not reach a log: values are named only if they are few, short, word-like and repeated, as labels are.
 */
import { counted } from "../counted.js";

const MAX_VALUES = 12;
const LABEL_LIKE = /^(?:[+-]?\d{1,6}(?:\.\d{1,6})?|[A-Za-z][A-Za-z_-]{0,23})$/;

export class LabelCensus {
  private readonly values = new Map<string, number>();
  private total = 0;
  private unlikeLabels = false;

  add(value: string): void {
    this.total++;
    if (this.unlikeLabels) return;
    if (!LABEL_LIKE.test(value) || (this.values.size >= MAX_VALUES && !this.values.has(value))) {
      this.unlikeLabels = true;
      this.values.clear();
      return;
    }
    this.values.set(value, (this.values.get(value) ?? 0) + 1);
  }

  /** ": 2 (310 rows), spam (7 rows)", or nothing where the values may be messages. */
  describe(): string {
    if (this.unlikeLabels || this.total < 2 * this.values.size) return "";
    const named = [...this.values]
      .sort((a, b) => b[1] - a[1])
      .map(([value, count]) => `${value} (${counted(count, "row")})`);
    return `: ${named.join(", ")}`;
  }
}
