import Diagnostics

/// One change of text before it is cut, as the `tokenizers` library has it.
indirect enum Normalizer: Sendable {
    case form(UnicodeForm)
    case lowercase
    /// Takes white space off the ends.
    case strip(left: Bool, right: Bool)
    case replace(Expression, with: [UInt8])
    /// Puts a text before every part that is not empty.
    case prepend([UInt8])
    /// The table of a SentencePiece model.
    case table(CharacterTable)
    case sequence([Normalizer])

    /// - Parameter isJoined: whether the text goes on from other text, so that nothing is put before it.
    /// - Throws: `Failure` for a text that a pattern takes too long for.
    func applied(to text: [UInt8], isJoined: Bool) throws -> [UInt8] {
        switch self {
        case .form(let form): return form.applied(to: text)
        case .lowercase:
            let scalars = String(decoding: text, as: UTF8.self).unicodeScalars
            return Array(scalars.map(\.properties.lowercaseMapping).joined().utf8)
        case .strip(let left, let right): return stripped(text, left: left, right: right)
        case .replace(let pattern, let content): return try replaced(text, pattern, content)
        case .prepend(let prefix): return text.isEmpty || isJoined ? text : prefix + text
        case .table(let table): return table.applied(to: text)
        case .sequence(let parts):
            return try parts.reduce(text) { try $1.applied(to: $0, isJoined: isJoined) }
        }
    }

    private func stripped(_ text: [UInt8], left: Bool, right: Bool) -> [UInt8] {
        var scalars = String(decoding: text, as: UTF8.self).unicodeScalars[...]
        while left, let first = scalars.first, CodePointSet.whitespace.contains(first.value) {
            scalars.removeFirst()
        }
        while right, let last = scalars.last, CodePointSet.whitespace.contains(last.value) {
            scalars.removeLast()
        }
        return Array(String(scalars).utf8)
    }

    private func replaced(
        _ text: [UInt8], _ pattern: Expression, _ content: [UInt8]
    ) throws -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        try text.withUnsafeBufferPointer { buffer in
            try pattern.forEachStretch(of: buffer) { range, isMatch in
                if isMatch {
                    result += content
                } else {
                    result.append(contentsOf: UnsafeBufferPointer(rebasing: buffer[range]))
                }
            }
        }
        return result
    }
}
