import { describe, expectTypeOf, it } from "vitest";
import { createDetector } from "./detector.js";
import { type ExplainedDetection, explain } from "./explain.js";
import type { Detection, Detector, ForEach, LoadedDetector } from "./index.js";

/** Only its types are looked at, by `tsc -b`. */
const detector = {} as LoadedDetector;

describe("a list of known length has an answer for each text", () => {
  it("in detect", () => {
    const ask = async () => {
      const [one] = await detector.detect(["a"]);
      const [first, second] = await detector.detect(["a", "b"], { threshold: 0.3 });
      // @ts-expect-error two texts have no third answer
      const { 2: third } = await detector.detect(["a", "b"]);
      return { one, first, second, third };
    };
    type Answers = Awaited<ReturnType<typeof ask>>;
    expectTypeOf<Answers["one"]>().toEqualTypeOf<Detection>();
    expectTypeOf<Answers["first"]>().toEqualTypeOf<Detection>();
    expectTypeOf<Answers["second"]>().toEqualTypeOf<Detection>();
  });

  it("in explain", () => {
    const ask = async () => {
      const [only] = await explain(detector, ["a"]);
      return only;
    };
    expectTypeOf<Awaited<ReturnType<typeof ask>>>().toEqualTypeOf<ExplainedDetection>();
  });
});

it("a list of unknown length has a list of answers that may be empty", () => {
  expectTypeOf<ForEach<string[], Detection>>().toEqualTypeOf<Detection[]>();
  expectTypeOf<ForEach<readonly string[], Detection>>().toEqualTypeOf<Detection[]>();
  const ask = async (texts: readonly string[]) => {
    const [first] = await detector.detect(texts);
    return first;
  };
  expectTypeOf<Awaited<ReturnType<typeof ask>>>().toEqualTypeOf<Detection | undefined>();
});

it("what is loaded is a Detector, for which a stand-in needs no type parameters", () => {
  expectTypeOf<LoadedDetector>().toExtend<Detector>();
  expectTypeOf(createDetector).returns.toEqualTypeOf<LoadedDetector>();
  const standIn: Pick<Detector, "detect"> = {
    detect: async (texts) => texts.map(() => ({}) as Detection),
  };
  expectTypeOf(standIn.detect).returns.resolves.toEqualTypeOf<Detection[]>();
});
