/** What is wrong with a file or an image, in words for its owner: the same as in Python. */
export class CodecError extends Error {}
