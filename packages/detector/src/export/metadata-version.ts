/** Raised where a program that reads an exported model's metadata would have to change. */
export const metadataVersion = "1";
