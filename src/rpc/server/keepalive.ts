import type { ServerHttp2Session } from "node:http2";

export interface KeepaliveOptions {
  /** A connection that has not begun to speak HTTP/2 after this time is closed. */
  readonly firstSettingsMs: number;
  /** How often a connection is asked whether it is alive. */
  readonly pingMs: number;
  /** A connection that does not answer within this time is closed. */
  readonly pongMs: number;
}

/** Ends a connection whose other side does not speak HTTP/2, or no longer answers. */
export function keepAlive(session: ServerHttp2Session, { firstSettingsMs, pingMs, pongMs }: KeepaliveOptions): void {
  const end = (): void => session.destroy();
  let timer = setTimeout(end, firstSettingsMs).unref();
  session.once("remoteSettings", () => {
    clearTimeout(timer);
    timer = setInterval(ask, pingMs).unref();
  });
  let answer: NodeJS.Timeout | undefined;
  const ask = (): void => {
    if (session.destroyed || session.closed || answer !== undefined) return;
    answer = setTimeout(end, pongMs).unref();
    session.ping(() => {
      clearTimeout(answer);
      answer = undefined;
    });
  };
  session.once("close", () => {
    clearTimeout(timer);
    clearTimeout(answer);
  });
}
