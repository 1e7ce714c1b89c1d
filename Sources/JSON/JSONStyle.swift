/// How a document is laid out. The files that other programs write too are written as they do.
package struct JSONStyle: Sendable {
    /// Two spaces a level, one value a line; otherwise everything stands in one line.
    var isPretty: Bool
    /// Members sorted by the bytes of their names, so that equal contents are equal bytes;
    /// otherwise in their own order.
    var isSorted: Bool
    var endsWithNewline: Bool
    /// `\b` and `\f`, where there is else `\u0008` and `\u000c`.
    var hasShortEscapes: Bool

    /// One line without spaces.
    package static let compact = JSONStyle(
        isPretty: false, isSorted: true, endsWithNewline: false, hasShortEscapes: false)

    /// As Hugging Face writes config.json.
    package static let configuration = JSONStyle(
        isPretty: true, isSorted: true, endsWithNewline: true, hasShortEscapes: false)

    /// As the `tokenizers` library writes tokenizer.json.
    package static let tokenizer = JSONStyle(
        isPretty: true, isSorted: false, endsWithNewline: false, hasShortEscapes: true)
}
