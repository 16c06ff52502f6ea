export type { Example } from "./data/example.js";
