/** The first handle. None can be mistaken for a descriptor of the caller, and all fit an SCM_RIGHTS array. */
export const FIRST_HANDLE = 2n ** 30n;

/** Generates handle numbers. */
export interface HandleNumbers {
  next: bigint;
}

export function newHandleNumbers(): HandleNumbers {
  return { next: FIRST_HANDLE };
}
