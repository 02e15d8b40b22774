import type { DescMessage, MessageInitShape } from "@bufbuild/protobuf";

/** What a message is made of, without those that are made already: unlike them it can be spread. */
export type Init<Desc extends DescMessage> = Exclude<MessageInitShape<Desc>, { readonly $typeName: string }>;
