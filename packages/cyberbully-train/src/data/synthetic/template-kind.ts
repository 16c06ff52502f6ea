/** A kind of message and its templates; kinds are the strata of the synthetic sample. */
export interface TemplateKind {
  readonly name: string;
  readonly templates: readonly string[];
}
