/** Handles begin here: none is ever mistaken for a descriptor of the caller's own, and all fit an SCM_RIGHTS array. */
export const FIRST_HANDLE = 2n ** 30n;

/** Where the numbers of handles come from. */
export interface HandleNumbers {
  next: bigint;
}

export function newHandleNumbers(): HandleNumbers {
  return { next: FIRST_HANDLE };
}
