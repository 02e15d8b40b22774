import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";

/** The fields of a message; unlike `MessageInitShape` it excludes finished messages, so that it can be spread. */
export type Init<Desc extends DescMessage> = Exclude<MessageInitShape<Desc>, { readonly $typeName: string }>;
