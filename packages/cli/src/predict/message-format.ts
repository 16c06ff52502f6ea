/** The formats that messages come in and results go out in. */
export type MessageFormat = "csv" | "jsonl" | "txt";

/** ".csv" -> "csv"; undefined for what is not known */
export function formatOfPath(path: string): MessageFormat | undefined {
  const extension = /\.([a-z]+)$/i.exec(path)?.[1]?.toLowerCase();
  if (extension === "csv" || extension === "txt") return extension;
  return extension === "jsonl" || extension === "ndjson" ? "jsonl" : undefined;
}
