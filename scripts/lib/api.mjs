// Reads the services of the API from proto/, with their comments.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./steps.mjs";

/**
 * @typedef {{ name: string, comment: string, kind: "unary" | "server stream" | "bidi stream" }} Rpc
 * @typedef {{ name: string, comment: string, file: string, rpcs: Rpc[] }} Service
 */

const directory = "proto/sockbroker/v1";

/** All services, ordered by file name; RPCs in their order in the file. @returns {Service[]} */
export function readServices() {
  return readdirSync(join(root, directory))
    .filter((name) => name.endsWith("_service.proto"))
    .sort()
    .map((name) => `${directory}/${name}`)
    .map((file) => {
      const text = readFileSync(join(root, file), "utf8");
      const [, comment = "", name = "", body = ""] =
        /((?:^\/\/[^\n]*\n)*)^service (\w+) \{\n(.*?)^\}/ms.exec(text) ?? complain(`${file} has no service`);
      return { name, comment: prose(comment), file, rpcs: rpcsOf(body) };
    });
}

/** The value and the comment of each member of an enum. @param {string} file @param {string} name */
export function readEnum(file, name) {
  const text = readFileSync(join(root, directory, file), "utf8");
  const [, body = ""] =
    new RegExp(`enum ${name} \\{\\n(.*?)\\n\\s*\\}`, "s").exec(text) ?? complain(`${file} has no enum ${name}`);
  return [...body.matchAll(/((?:^ *\/\/.*\n)+) *(\w+) = (\d+);/gm)].map(([, comment = "", symbol = "", number]) => ({
    symbol,
    number: Number(number),
    comment: prose(comment),
  }));
}

/** The first sentence of a comment. @param {string} comment */
export function firstSentence(comment) {
  return /^.*?\.(?=\s|$)/s.exec(comment)?.[0] ?? comment;
}

/** @param {string} body @returns {Rpc[]} */
function rpcsOf(body) {
  const pattern = /((?:^ *\/\/.*\n)*)^ *rpc (\w+)\((stream )?\w+\) returns \((stream )?\w+\)/gm;
  return [...body.matchAll(pattern)].map(([, comment = "", name = "", up, down]) => ({
    name,
    comment: prose(comment),
    kind: up !== undefined ? "bidi stream" : down !== undefined ? "server stream" : "unary",
  }));
}

/** @param {string} comment */
function prose(comment) {
  return comment
    .split("\n")
    .map((line) => line.trim().replace(/^\/\/ ?/, ""))
    .join(" ")
    .replace(/\s+/g, " ")
    .trim();
}

/** @param {string} text @returns {never} */
function complain(text) {
  throw new Error(text);
}
