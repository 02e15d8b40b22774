import { execFileSync } from "node:child_process";
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LogSink } from "./log-sink.js";

let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sockbroker-log-"));
  path = join(directory, "log");
});

afterEach(() => rmSync(directory, { recursive: true }));

const lostLine = (count: number): string => `lost ${count}\n`;

/** A named pipe that is open for reading. */
function namedPipe(): { readAll(): string; close(): void } {
  execFileSync("mkfifo", [path]);
  const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(64 * 1024);
  const readAll = (): string => {
    let text = "";
    try {
      for (;;) text += buffer.toString("latin1", 0, readSync(fd, buffer));
    } catch {
      return text;
    }
  };
  return { readAll, close: () => closeSync(fd) };
}

describe("LogSink", () => {
  it("keeps unread lines up to a limit, counts the others, and logs the count", () => {
    const pipe = namedPipe();
    const sink = new LogSink({ path, lostLine });
    const count = 40_000;
    for (let i = 0; i < count; i++) sink.write(`${String(i).padStart(99, ".")}\n`);
    let text = "";
    for (let last = -1; text.length !== last; sink.flush()) {
      last = text.length;
      text += pipe.readAll();
    }
    const lines = text.split("\n").slice(0, -1);
    const lost = Number(/^lost (\d+)$/.exec(lines.at(-1) ?? "")?.[1]);
    const written = lines.slice(0, -1);
    // The capacity of the pipe plus the limit.
    expect(written.length).toBeGreaterThan(11_000);
    expect(written.length).toBeLessThan(15_000);
    expect(written.map((line) => Number(line.replaceAll(".", "")))).toEqual([...written.keys()]);
    expect(written.length + lost).toBe(count);
    pipe.close();
  });

  it("counts lines that are lost without a reader, and continues when there is one", () => {
    const pipe = namedPipe();
    const sink = new LogSink({ path, lostLine });
    pipe.close();
    for (let i = 0; i < 5; i++) sink.write("into the void\n");
    const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    sink.write("back\n");
    const buffer = Buffer.alloc(100);
    expect(buffer.toString("latin1", 0, readSync(reader, buffer))).toBe("back\nlost 5\n");
    closeSync(reader);
  });

  it("reopens a file", () => {
    const sink = new LogSink({ path, lostLine });
    sink.write("one\n");
    renameSync(path, `${path}.1`);
    sink.write("two\n");
    expect(sink.reopen()).toBe(true);
    sink.write("three\n");
    expect([readFileSync(`${path}.1`, "utf8"), readFileSync(path, "utf8")]).toEqual(["one\ntwo\n", "three\n"]);
  });

  it("keeps the open file if reopening fails", () => {
    const sink = new LogSink({ path, lostLine });
    renameSync(path, `${path}.1`);
    execFileSync("mkdir", [path]);
    expect(() => sink.reopen()).toThrow(/EISDIR/);
    sink.write("still\n");
    expect(readFileSync(`${path}.1`, "utf8")).toBe("still\n");
  });
});
