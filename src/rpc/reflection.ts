import { type DescFile, type DescService, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { handleBidiStreamingCall, Server, UntypedServiceImplementation } from "@grpc/grpc-js";
import { ReflectionService } from "@grpc/reflection";
import { file_google_rpc_status } from "../gen/google/rpc/status_pb.js";
import { file_sockbroker_v1_error } from "../gen/sockbroker/v1/error_pb.js";
import { healthFiles } from "./health.js";
import type { Turns } from "./turns.js";

/**
 * Adds grpc.reflection.v1 and v1alpha for the services, for the health service, and for the details of errors. No
 * method refers to the messages of the details, and a tool that cannot find them prints raw bytes.
 */
export function addReflection(server: Server, services: readonly DescService[], turns: Turns): void {
  const files = new Map<string, DescFile>();
  for (const service of services) collect(service.file, files);
  collect(file_google_rpc_status, files);
  collect(file_sockbroker_v1_error, files);
  const fileDescriptorProtos = [
    ...[...files.values()].map((file) => Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto))),
    ...healthFiles(),
  ];
  const definition = {
    "sockbroker.v1": { format: "Protocol Buffer 3 DescriptorProto", type: {}, fileDescriptorProtos },
  };
  new ReflectionService(definition as never).addToServer({
    addService: (definition: Parameters<Server["addService"]>[0], handlers: UntypedServiceImplementation) => {
      const info = handlers.ServerReflectionInfo as Info;
      server.addService(definition, { ServerReflectionInfo: boundedInfo(info, turns) });
    },
  } as Server);
}

type Info = handleBidiStreamingCall<unknown, unknown>;

/**
 * Limits the library's reading: it reads requests even while its answers are not read, and anyone who can connect may
 * ask.
 */
function boundedInfo(info: Info, turns: Turns): Info {
  return (stream) => {
    info(stream);
    const resume = (): void => {
      if (!stream.writableNeedDrain) stream.resume();
    };
    stream.on("drain", resume);
    stream.on("data", () => {
      const waits = turns.waitIfSpent(resume);
      if (waits || stream.writableNeedDrain) stream.pause();
    });
  };
}

/** Adds dependencies first. */
function collect(file: DescFile, files: Map<string, DescFile>): void {
  if (files.has(file.name)) return;
  for (const dependency of file.dependencies) collect(dependency, files);
  files.set(file.name, file);
}
