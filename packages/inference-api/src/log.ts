/** The server's log: JSON lines on stderr, since stdout belongs to results. Never a message's text, never a key. */
import { type DestinationStream, type Logger, pino } from "pino";

/** @param destination - default: stderr, written without blocking the event loop */
export function createLog(level: string, destination?: DestinationStream): Logger {
  return pino(
    {
      level,
      base: { name: "btp-api" },
      timestamp: pino.stdTimeFunctions.isoTime,
      // Errors by class and code: their messages and stacks are added where they are known to be harmless.
      serializers: { err: (error: Error) => ({ type: error.name, code: Reflect.get(error, "code") }) },
    },
    destination ?? pino.destination({ dest: 2, sync: false }),
  );
}
