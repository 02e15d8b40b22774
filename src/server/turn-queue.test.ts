import { describe, expect, it } from "vitest";
import { BrokerError_Code } from "../gen/sockbroker/v1/error_pb.js";
import { TurnQueue } from "./turn-queue.js";

describe("TurnQueue", () => {
  it("runs up to the limit at once, and the others in their order", async () => {
    const queue = new TurnQueue("look-ups of uid:7", 2, 10);
    const running = [queue.enter(), queue.enter()];
    expect(running.map(({ turn }) => turn)).toEqual([null, null]);
    const order: string[] = [];
    const first = queue.enter();
    const second = queue.enter();
    void second.turn?.then(() => order.push("second"));
    void first.turn?.then(() => order.push("first"));
    running[0]?.leave();
    running[0]?.leave();
    await first.turn;
    expect(order).toEqual(["first"]);
    running[1]?.leave();
    await second.turn;
    first.leave();
    second.leave();
    expect(queue.used).toBe(0);
  });

  it("removes one that is aborted while it waits", async () => {
    const queue = new TurnQueue("look-ups of uid:7", 1, 10);
    const running = queue.enter();
    const gone = queue.enter();
    const next = queue.enter();
    gone.leave();
    running.leave();
    await next.turn;
    next.leave();
    expect(queue.used).toBe(0);
  });

  it("refuses one beyond the limit of waiting ones, and does not count it", () => {
    const queue = new TurnQueue("look-ups of uid:7", 1, 1);
    queue.enter();
    queue.enter();
    expect(() => queue.enter()).toThrowError(expect.objectContaining({ code: BrokerError_Code.QUOTA_EXCEEDED }));
    expect(queue.used).toBe(2);
  });
});
