import { arch, endianness, platform, release } from "node:os";
import type { HostInfoSchema } from "../../gen/sockbroker/v1/host_service_pb.js";
import type { Init } from "./init.js";

const POINTER_BYTES_32: readonly string[] = ["arm", "ia32", "mips", "mipsel"];

/** Describes the daemon's host, whose constants and struct layouts the API uses. */
export function hostInfo(): Init<typeof HostInfoSchema> {
  return {
    os: platform(),
    architecture: arch(),
    kernel: release(),
    byteOrder: endianness() === "LE" ? "little" : "big",
    pointerBytes: POINTER_BYTES_32.includes(arch()) ? 4 : 8,
  };
}
