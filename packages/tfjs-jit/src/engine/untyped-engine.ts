/**
 * The one place where types meet trees: an implementation works on flat lists of tensors and cannot know the types of
 * the function it runs, so it is written untyped, and `typedEngine` puts the public contract on it. Disposal and the
 * order of overlapping calls are handled here for every engine.
 */
import { JitError } from "../errors.js";
import type { Engine, EngineName, Program, ProgramOptions, StepProgram } from "./engine.js";
import { RunQueue } from "./run-queue.js";

/** A function over TensorFlow.js tensors, its structure unknown. */
export type UserFunction = (...args: unknown[]) => unknown;

export interface UntypedProgram {
  run(values: readonly unknown[]): Promise<unknown> | unknown;
  dispose(): Promise<void> | void;
}

export interface UntypedStepProgram {
  step(values: readonly unknown[]): Promise<unknown> | unknown;
  readState(): unknown;
  writeState(state: unknown): void;
  dispose(): Promise<void> | void;
}

export interface UntypedEngine {
  readonly name: EngineName;
  compile(
    fn: UserFunction,
    constants: unknown,
    args: readonly unknown[],
    options: ProgramOptions,
  ): Promise<UntypedProgram>;
  compileStep(
    fn: UserFunction,
    state: unknown,
    constants: unknown,
    args: readonly unknown[],
    options: ProgramOptions,
  ): Promise<UntypedStepProgram>;
}

export function typedEngine(untyped: UntypedEngine): Engine {
  const { name } = untyped;
  const open = new Set<{ dispose(): Promise<void> }>();
  let disposed = false;
  const checkOpen = (): void => {
    if (disposed) throw new JitError("DISPOSED", `the ${name} engine was used after dispose`);
  };
  /** Guards one program: calls queued, none after dispose, dispose after the calls that are under way. */
  const guard = (what: string, dispose: () => Promise<void> | void) => {
    const queue = new RunQueue();
    let ended: Promise<void> | undefined;
    const self = {
      call<R>(task: () => R | Promise<R>): Promise<R> {
        if (ended !== undefined) {
          return Promise.reject(new JitError("DISPOSED", `${what} was used after dispose`));
        }
        return queue.add(task);
      },
      dispose(): Promise<void> {
        open.delete(self);
        ended ??= queue.drained().then(dispose);
        return ended;
      },
    };
    open.add(self);
    return self;
  };
  const engine = {
    name,
    async compile(fn: UserFunction, constants: unknown, args: readonly unknown[], options = {}) {
      checkOpen();
      const program = await untyped.compile(fn, constants, args, options);
      const guarded = guard(programName(fn.name, options), () => program.dispose());
      return {
        run: (...values: readonly unknown[]) => guarded.call(() => program.run(values)),
        dispose: () => guarded.dispose(),
      } satisfies Record<keyof Program<never, never>, unknown>;
    },
    async compileStep(
      fn: UserFunction,
      state: unknown,
      constants: unknown,
      args: readonly unknown[],
      options = {},
    ) {
      checkOpen();
      const program = await untyped.compileStep(fn, state, constants, args, options);
      const guarded = guard(programName(fn.name, options), () => program.dispose());
      return {
        step: (...values: readonly unknown[]) => guarded.call(() => program.step(values)),
        readState: () => guarded.call(() => program.readState()),
        writeState: (next: unknown) => guarded.call(() => program.writeState(next)),
        dispose: () => guarded.dispose(),
      } satisfies Record<keyof StepProgram<never, never, never>, unknown>;
    },
    async dispose() {
      disposed = true;
      await Promise.all([...open].map((program) => program.dispose()));
    },
  };
  // The trees that go in and come out have the structure of the types by construction: both are checked at run time.
  return engine as unknown as Engine;
}

/** Name of a program in errors. */
export function programName(functionName: string, options: { readonly name?: string | undefined }): string {
  return options.name ?? (functionName === "" ? "the function" : functionName);
}
