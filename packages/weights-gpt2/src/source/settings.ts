/**
 * Where to download from and to: options first, then the environment, then the defaults. Pure; the environment is passed in.
 */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { WeightsError } from "../errors.js";
import { HUGGING_FACE_ENDPOINT, OPENAI_ENDPOINT } from "./manifest.js";

export interface SourceOptions {
  /** Where weights are kept; default BTP_CACHE, else ~/.cache/btp. */
  readonly cacheFolder?: string;
  /** A server with the Hugging Face hub's paths; default HF_ENDPOINT, else https://huggingface.co. */
  readonly endpoint?: string;
  /** Sent to `endpoint` only; default HF_TOKEN. The public weights need none. */
  readonly token?: string;
  /** A plain web folder `MIRROR/gpt2/model.safetensors`; then nothing else is contacted. Default BTP_MIRROR. */
  readonly mirror?: string;
  /** OpenAI's bucket, the fallback; default its own address. */
  readonly openaiEndpoint?: string;
  /** Never use the network; default true where BTP_OFFLINE or HF_HUB_OFFLINE is 1. */
  readonly offline?: boolean;
  /** Default process.env. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface SourceSettings {
  readonly cacheFolder: string;
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly mirror: string | undefined;
  readonly openaiEndpoint: string;
  readonly offline: boolean;
  /** Hugging Face's own cache, which is looked into and never written. */
  readonly hubCache: string;
}

/** @throws {WeightsError} BAD_OPTION where an address is none */
export function sourceSettings(options: SourceOptions): SourceSettings {
  const env = options.env ?? process.env;
  const set = (name: string): string | undefined => (env[name]?.trim() ? env[name]?.trim() : undefined);
  const isOn = (name: string): boolean => /^(?:1|true|yes|on)$/i.test(set(name) ?? "");
  const mirror = options.mirror ?? set("BTP_MIRROR");
  const home = set("HOME") ?? homedir();
  return {
    cacheFolder: resolve(options.cacheFolder ?? set("BTP_CACHE") ?? join(home, ".cache", "btp")),
    endpoint: webAddress(options.endpoint ?? set("HF_ENDPOINT") ?? HUGGING_FACE_ENDPOINT, "HF_ENDPOINT"),
    token: options.token ?? set("HF_TOKEN"),
    mirror: mirror === undefined ? undefined : webAddress(mirror, "BTP_MIRROR"),
    openaiEndpoint: webAddress(options.openaiEndpoint ?? OPENAI_ENDPOINT, "openaiEndpoint"),
    offline: options.offline ?? (isOn("BTP_OFFLINE") || isOn("HF_HUB_OFFLINE")),
    hubCache: set("HF_HUB_CACHE") ?? join(set("HF_HOME") ?? join(home, ".cache", "huggingface"), "hub"),
  };
}

/** Without a slash at its end, so that paths can be appended. */
function webAddress(text: string, name: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new WeightsError("BAD_OPTION", `${name} must be an address that begins with https:// or http://.`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new WeightsError("BAD_OPTION", `${name} must not hold a user name or password; use HF_TOKEN.`);
  }
  return text.replace(/\/+$/, "");
}
