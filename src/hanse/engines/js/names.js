// What a generation finds on its global object: the language, and what computes. All else is taken away.

const LANGUAGE = `Object Function Array Number parseFloat parseInt Infinity NaN undefined Boolean String Symbol Date Promise RegExp
  Error AggregateError EvalError RangeError ReferenceError SyntaxError TypeError URIError SuppressedError globalThis JSON Math Intl
  ArrayBuffer Uint8Array Int8Array Uint16Array Int16Array Uint32Array Int32Array BigUint64Array BigInt64Array Uint8ClampedArray
  Float16Array Float32Array Float64Array DataView Map BigInt Set Iterator WeakMap WeakSet Proxy Reflect FinalizationRegistry
  WeakRef decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval isFinite isNaN DisposableStack
  AsyncDisposableStack Temporal`;
const PLATFORM = `console queueMicrotask AbortController AbortSignal Blob ByteLengthQueuingStrategy CountQueuingStrategy
  CompressionStream DecompressionStream DOMException Event EventTarget CustomEvent ErrorEvent MessageEvent PromiseRejectionEvent
  File FormData Headers Request Response ReadableStream ReadableStreamDefaultReader ReadableByteStreamController
  ReadableStreamBYOBReader ReadableStreamBYOBRequest ReadableStreamDefaultController WritableStream WritableStreamDefaultWriter
  WritableStreamDefaultController TransformStream TransformStreamDefaultController TextDecoder TextEncoder TextDecoderStream
  TextEncoderStream URL URLPattern URLSearchParams MessageChannel MessagePort atob btoa clearInterval clearTimeout setInterval
  setTimeout setImmediate clearImmediate crypto Crypto SubtleCrypto CryptoKey performance Performance structuredClone
  reportError`;

export const KEPT = new Set(`${LANGUAGE} ${PLATFORM}`.split(/\s+/));
