// Only what needs types and Biome cannot see; everything else is in biome.json.
import tseslint from "typescript-eslint";

/** Names of Linux constants and of offsets in its structs, apart from those of sizes. */
const families =
  "AF|AI|ALG|BTPROTO|CAN|EAI|EPOLL|ETH_P|IP|IPPROTO|IPV6|MSG|NETLINK|NI|PACKET|PF|SCM|SHUT|SO|SOCK|SOL|TCP|TCPI|TIPC|UDP|VMADDR";
const linuxConstant = `/^(?!.*_BYTES$)((${families})_[A-Z0-9_]+|(EPOLL|FIO|POLL|SIOC)[A-Z]+|E[A-Z]{2,}[0-9]*)$/`;
const number = ":matches(Literal[raw=/^[0-9]/], UnaryExpression:has(> Literal), BinaryExpression:has(> Literal))";
const optionCall = "CallExpression[callee.property.name=/^[gs]etsockopt/]";
const writtenOut = "A Linux constant: take it from native/linux.ts, client/linux.ts or the daemon's GetConstants.";

const linuxConstants = [
  { selector: `VariableDeclarator[id.name=${linuxConstant}] > ${number}.init`, message: writtenOut },
  { selector: `Property[key.name=${linuxConstant}] > ${number}.value`, message: writtenOut },
  { selector: `${optionCall} > Literal:first-child`, message: writtenOut },
  { selector: `${optionCall} > Literal:nth-child(2)`, message: writtenOut },
];

const isPrivate = "A private member of a library, or of Node: an update can remove it, and nothing would tell.";

/** Ways around the types of libraries, and names by which Node marks what is its own. */
const libraryPrivates = [
  { selector: "TSAsExpression > TSAsExpression", message: isPrivate },
  { selector: "MemberExpression[computed=true] > Literal.property[raw=/^[\"'][\\w$]+[\"']$/]", message: isPrivate },
  { selector: "MemberExpression[computed=false] > Identifier.property[name=/^_/]", message: isPrivate },
  { selector: "MemberExpression[object.name='Reflect']", message: isPrivate },
  { selector: "MemberExpression > Identifier.property[name='getOwnPropertySymbols']", message: isPrivate },
  { selector: "MemberExpression[object.name='process'] > Identifier.property[name='binding']", message: isPrivate },
];

const grpcServer = {
  name: "@grpc/grpc-js",
  importNames: ["Server", "ServerCredentials", "ServerInterceptingCall"],
  message: "The server half is src/rpc/server, on node:http2; grpc-js is the client's channel.",
};

/** Where sockets are used for callers. They are owned in sockets/ and sessions/. */
const users = "src/server/{access,entry,io,ops,resolver,streams}/**/*.ts";
/** The only files that make what the policy has to be asked for. */
const makers = ["src/server/access/views.ts", "src/server/policy/checked.ts", "src/server/entry/invoke.ts"];
const noView = "A socket is used by the view that its permission grants: see src/server/access/views.ts.";
const notAsked = "Only the policy grants this: ask it by `authorise`, and take what that returns.";

export default [
  { ignores: ["src/gen/", "dist/", "build/"] },
  {
    files: ["**/*.ts"],
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    plugins: { "@typescript-eslint": tseslint.plugin },
    rules: {
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/no-misused-promises": "error",
      // A written default is a decision; a missing one is an arm that nobody thought of.
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // Tests may write them out, and so compare.
    files: ["src/**/*.ts"],
    ignores: ["src/client/linux.ts", "src/rpc/linux.ts", "**/*.test.ts"],
    rules: {
      "no-restricted-syntax": ["error", ...linuxConstants, ...libraryPrivates],
      "no-restricted-imports": ["error", { paths: [grpcServer] }],
    },
  },
  {
    files: [users],
    ignores: [...makers, "**/*.test.ts"],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            {
              group: ["**/native/binding.js"],
              importNames: ["ControlIn", "ControlOut", "NativeAddon", "NativeSocket", "PeerCredentials", "Received"],
              message: noView,
            },
            { group: ["**/sockets/socket-entry.js"], importNames: ["SocketEntry", "entryOf"], message: noView },
            { group: ["**/sockets/unowned.js"], importNames: ["nativeOf"], message: noView },
            { group: ["**/native/load-addon.js"], message: noView },
          ],
        },
      ],
      "no-restricted-syntax": [
        "error",
        ...linuxConstants,
        ...libraryPrivates,
        { selector: "TSAsExpression > TSTypeReference[typeName.name=/^(Checked|Permitted|View)$/]", message: notAsked },
        { selector: "TSAsExpression > :matches(TSNeverKeyword, TSUnknownKeyword).typeAnnotation", message: notAsked },
      ],
    },
  },
];
