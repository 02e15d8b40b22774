/** EAI_* numbers of glibc and musl, which are the same. */
export const eaiSymbols: Readonly<Record<number, string>> = {
  [-1]: "EAI_BADFLAGS",
  [-2]: "EAI_NONAME",
  [-3]: "EAI_AGAIN",
  [-4]: "EAI_FAIL",
  [-5]: "EAI_NODATA",
  [-6]: "EAI_FAMILY",
  [-7]: "EAI_SOCKTYPE",
  [-8]: "EAI_SERVICE",
  [-9]: "EAI_ADDRFAMILY",
  [-10]: "EAI_MEMORY",
  [-11]: "EAI_SYSTEM",
  [-12]: "EAI_OVERFLOW",
};

/** Values of h_errno. */
export const hErrnoSymbols: Readonly<Record<number, string>> = {
  [-1]: "NETDB_INTERNAL",
  1: "HOST_NOT_FOUND",
  2: "TRY_AGAIN",
  3: "NO_RECOVERY",
  4: "NO_DATA",
};
