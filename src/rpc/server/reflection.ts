/*
 * gRPC's server reflection, v1 and v1alpha, which are the same on the wire. Every answer is encoded when it is first
 * asked for, and kept: there is one for each file, and names that are not known are not kept.
 */

import { create, type DescFile, type DescService, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { nestedTypes } from "@bufbuild/protobuf/reflect";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { file_google_rpc_status } from "../../gen/google/rpc/status_pb.js";
import {
  type ServerReflectionRequest,
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
  ServerReflection as V1,
} from "../../gen/grpc/reflection/v1/reflection_pb.js";
import { ServerReflection as V1Alpha } from "../../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { file_sockbroker_v1_error } from "../../gen/sockbroker/v1/error_pb.js";
import { Code } from "../code.js";
import { decodeStrictly } from "../decode-strictly.js";
import type { BidiHandler, ServiceHandlers } from "./routes.js";
import type { BidiServerCall } from "./stream-calls.js";

type Answer = NonNullable<MessageInitShape<typeof ServerReflectionResponseSchema>["messageResponse"]>;

/** A longer request asks for nothing that exists, and is not repeated in the answer. */
const LONGEST_REQUEST = 1_024;
/** Memory of an answer in addition to its bytes. */
const ANSWER_OVERHEAD_BYTES = 1_024;
/** ServerReflectionResponse.original_request. */
const ORIGINAL_REQUEST = 2;

/**
 * Serves reflection for the services, and for the details of errors. No method refers to the messages of the details,
 * and a tool that cannot find them prints raw bytes.
 */
export function reflectionOf(services: readonly DescService[]): ServiceHandlers[] {
  const all = [...services, V1, V1Alpha];
  const answers = new Answers(
    all.map(({ typeName }) => typeName),
    [...all.map(({ file }) => file), file_google_rpc_status, file_sockbroker_v1_error],
  );
  return [V1, V1Alpha].map((service) => {
    const serverReflectionInfo: BidiHandler = (call) => serve(call, answers);
    return { service, bidiBytes: { serverReflectionInfo } };
  });
}

function serve(call: BidiServerCall<Uint8Array, Uint8Array>, answers: Answers): void {
  call.start(
    {
      onMessage: (bytes) => {
        const answer = answers.to(bytes);
        const original = bytes.length <= LONGEST_REQUEST ? originalRequest(bytes) : NONE;
        call.answer(Buffer.concat([original, answer]), original.length + answer.length + ANSWER_OVERHEAD_BYTES);
      },
      onEnd: () => call.end(),
      onClose: () => undefined,
    },
    () => {
      throw new TypeError("bytes are not decoded");
    },
  );
}

const NONE = new Uint8Array();

function originalRequest(bytes: Uint8Array): Uint8Array {
  return new BinaryWriter().tag(ORIGINAL_REQUEST, WireType.LengthDelimited).bytes(bytes).finish();
}

class Answers {
  readonly #services: Uint8Array;
  readonly #files = new Map<string, DescFile>();
  /** The file of each symbol. */
  readonly #symbols = new Map<string, DescFile>();
  readonly #types = new Set<string>();
  readonly #encoded = new Map<DescFile, Uint8Array>();

  constructor(services: readonly string[], files: readonly DescFile[]) {
    this.#services = encode({
      case: "listServicesResponse",
      value: { service: services.map((name) => ({ name })) },
    });
    for (const file of files) this.#add(file);
  }

  /** Returns the answer to an encoded request, encoded. */
  to(bytes: Uint8Array): Uint8Array {
    if (bytes.length > LONGEST_REQUEST) return notFound("no name is so long");
    let request: ServerReflectionRequest["messageRequest"];
    try {
      request = decodeStrictly(ServerReflectionRequestSchema, bytes).messageRequest;
    } catch {
      return failure(Code.INVALID_ARGUMENT, "the request cannot be decoded");
    }
    switch (request.case) {
      case "fileByFilename":
        return this.#file(this.#files.get(request.value));
      case "fileContainingSymbol":
        return this.#file(this.#symbols.get(request.value));
      case "fileContainingExtension":
        return notFound("there are no extensions");
      case "allExtensionNumbersOfType":
        if (!this.#types.has(request.value)) return notFound("the type is not known");
        return encode({ case: "allExtensionNumbersResponse", value: { baseTypeName: request.value } });
      case "listServices":
        return this.#services;
      case undefined:
        return failure(Code.INVALID_ARGUMENT, "the request asks for nothing");
    }
  }

  #file(file: DescFile | undefined): Uint8Array {
    if (file === undefined) return notFound("the file or symbol is not known");
    let encoded = this.#encoded.get(file);
    if (encoded === undefined) {
      encoded = encode({
        case: "fileDescriptorResponse",
        value: {
          fileDescriptorProto: withImports(file).map(({ proto }) => toBinary(FileDescriptorProtoSchema, proto)),
        },
      });
      this.#encoded.set(file, encoded);
    }
    return encoded;
  }

  #add(file: DescFile): void {
    const name = file.proto.name;
    if (this.#files.has(name)) return;
    this.#files.set(name, file);
    for (const type of typesIn(file)) {
      if (type.kind === "extension") continue;
      this.#symbols.set(type.typeName, file);
      if (type.kind === "message") this.#types.add(type.typeName);
      for (const member of membersOf(type)) this.#symbols.set(member, file);
    }
    for (const imported of file.dependencies) this.#add(imported);
  }
}

/** The file, then those that it imports, then theirs; each once. */
function withImports(file: DescFile, found = new Set<DescFile>()): DescFile[] {
  found.add(file);
  for (const imported of file.dependencies) if (!found.has(imported)) withImports(imported, found);
  return [...found];
}

/** The full names of methods and fields. */
function membersOf(type: Exclude<ReturnType<typeof typesIn>[number], { kind: "extension" }>): string[] {
  if (type.kind === "service") return type.methods.map(({ name }) => `${type.typeName}.${name}`);
  if (type.kind === "message") return type.fields.map(({ name }) => `${type.typeName}.${name}`);
  return [];
}

function typesIn(file: DescFile) {
  return [...nestedTypes(file)];
}

function encode(messageResponse: Answer): Uint8Array {
  return toBinary(ServerReflectionResponseSchema, create(ServerReflectionResponseSchema, { messageResponse }));
}

function notFound(errorMessage: string): Uint8Array {
  return failure(Code.NOT_FOUND, errorMessage);
}

function failure(errorCode: Code, errorMessage: string): Uint8Array {
  return encode({ case: "errorResponse", value: { errorCode, errorMessage } });
}
