import type { DescMessage } from "@bufbuild/protobuf";

/** A field as the .proto file names it, which is what callers in any language know; undefined where there is none. */
export function fieldName(message: DescMessage, localName: string | undefined): string | undefined {
  return message.fields.find((field) => field.localName === localName)?.name;
}
