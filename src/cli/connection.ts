import { type Broker, connect, type SessionChoice } from "../client/index.js";
import { UsageError } from "./exit-codes.js";

/** Connects to the daemon that the command line or the environment names. Throws UsageError for an invalid endpoint. */
export async function connectTo(endpoint: string | undefined, session?: SessionChoice): Promise<Broker> {
  try {
    return await connect({ endpoint, session });
  } catch (error) {
    throw error instanceof TypeError ? new UsageError(error.message) : error;
  }
}
