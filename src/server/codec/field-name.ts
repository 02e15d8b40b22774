import type { DescMessage } from "@bufbuild/protobuf";

/** The name of a field in the .proto file, which callers in any language know; undefined if there is no such field. */
export function fieldName(message: DescMessage, localName: string | undefined): string | undefined {
  return message.fields.find((field) => field.localName === localName)?.name;
}
