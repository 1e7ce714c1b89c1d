import Diagnostics

/// What a sample of a file's bytes shows about the file as text.
package struct TextSample: Equatable, Sendable {
    private let format: FileFormat?
    private var byteCount = 0
    /// The number of bytes of zero.
    private var zeroCount = 0
    /// Control characters, those of zero among them, that no text holds.
    private var controlCount = 0
    /// Ill-formed parts, as Unicode counts them.
    private var malformedCount = 0
    /// The number of well-formed characters beyond ASCII.
    private var wideCount = 0
    private var hasInk = false

    private static let partSize = 1 << 16
    private static let leastPartSize = 1 << 8
    private static let partCount = 16

    /// Reads the whole of a small file; of a larger one 16 parts of 64 KiB, evenly spread, which begin
    /// with its first bytes.
    package init(of reader: FileReader) throws(Failure) {
        try self.init(size: reader.size) { (offset, count) throws(Failure) in
            try reader.bytes(at: offset, count: count)
        }
    }

    /// As above, of bytes that come from elsewhere.
    ///
    /// - Parameters:
    ///   - isThrifty: whether no more than a sixteenth of a file is read, where it has above 4 KiB.
    ///   - read: returns so many bytes from an offset.
    package init(
        size: Int, isThrifty: Bool = false,
        _ read: (_ offset: Int, _ count: Int) throws(Failure) -> [UInt8]
    ) throws(Failure) {
        let share = max(Self.leastPartSize, size / (Self.partCount * Self.partCount))
        let partSize = isThrifty ? min(Self.partSize, share) : Self.partSize
        let isWhole = size <= partSize * Self.partCount
        let count = isWhole ? size : partSize
        var parts: [[UInt8]] = []
        for part in 0..<(isWhole ? 1 : Self.partCount) {
            parts.append(try read((size - count) / (Self.partCount - 1) * part, count))
        }
        self.init(parts, isWhole: isWhole)
    }

    /// - Parameter isWhole: whether the parts are the whole text, and not cut anywhere.
    package init(_ parts: [[UInt8]], isWhole: Bool = true) {
        format = FileFormat(of: parts.first ?? [])
        for part in parts { add(isWhole ? part[...] : Self.inside(part)) }
        // What a sample of a large file does not show may still be there.
        if !isWhole { hasInk = true }
    }

    /// The part without the characters that its ends cut.
    private static func inside(_ part: [UInt8]) -> ArraySlice<UInt8> {
        let start = part.prefix(4).firstIndex { $0 & 0xC0 != 0x80 } ?? 0
        let end = part.suffix(4).lastIndex { $0 & 0xC0 != 0x80 } ?? part.count
        return part[start..<max(start, end)]
    }

    private mutating func add(_ bytes: ArraySlice<UInt8>) {
        byteCount += bytes.count
        for byte in bytes {
            if byte > 0x20 { hasInk = true }
            if byte == 0 { zeroCount += 1 }
            // Backspace to carriage return, and escape, stand in logs and manuals.
            let isTextual = byte >= 0x20 || (0x08...0x0D).contains(byte) || byte == 0x1B
            if !isTextual { controlCount += 1 }
        }
        guard bytes.contains(where: { $0 >= 0x80 }) else { return }
        var marks = 0
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            if scalar == "\u{FFFD}" { marks += 1 } else if !scalar.isASCII { wideCount += 1 }
        }
        let written = Self.count(of: [0xEF, 0xBF, 0xBD], in: bytes)
        malformedCount += marks - written
        wideCount += written
    }

    private static func count(of mark: [UInt8], in bytes: ArraySlice<UInt8>) -> Int {
        guard bytes.count >= mark.count else { return 0 }
        return (bytes.startIndex...bytes.endIndex - mark.count).count {
            bytes[$0] == mark[0] && bytes[$0...].starts(with: mark)
        }
    }
}

// MARK: Judgement

extension TextSample {
    /// Whether the file certainly has nothing but white space.
    package var isBlank: Bool { !hasInk }

    /// A failure that describes the bytes where they are no text in UTF-8; nil for text, also where
    /// a few of its bytes are ill-formed.
    ///
    /// No text are the known formats; more than one byte of zero in a thousand; more than one control
    /// character in twenty; and more than four ill-formed parts in ten bytes, which is text in another
    /// encoding, of a script that is not Latin. Of random bytes a tenth are control characters.
    package func refusal(_ what: String, at place: String) -> Failure? {
        if let format { return format.failure(what, at: place) }
        if zeroCount * 1000 > byteCount || controlCount * 20 > byteCount {
            return Failure(
                what, expected: FileFormat.wanted,
                got: "binary data: \(controlCount) of \(byteCount) bytes that were looked at are "
                    + "control characters", at: place, remedy: "name a text file")
        }
        guard malformedCount * 10 > byteCount * 4 else { return nil }
        return Failure(
            what, expected: FileFormat.wanted, got: "text in another encoding", at: place,
            remedy: FileFormat.conversion("ENCODING"))
    }

    /// A warning for the user before ill-formed bytes are replaced or refused; nil where there are
    /// none.
    package func warning(at place: String) -> String? {
        guard malformedCount > 0 else { return nil }
        guard isLikeLatin1 else {
            return "\(place) is not UTF-8 throughout: what is ill-formed is lost (U+FFFD)"
        }
        return "\(place) is not UTF-8 but looks like Latin-1 or Windows-1252: its letters beyond "
            + "ASCII are lost (U+FFFD); " + FileFormat.conversion("WINDOWS-1252")
    }

    /// Whether no character beyond ASCII is well-formed, and some are ill-formed.
    package var isLikeLatin1: Bool { malformedCount > 0 && wideCount == 0 }
}

extension FileFormat {
    package static let wanted = "text in UTF-8"

    /// - Parameter what: what failed.
    package func failure(
        _ what: String, expected: String = Self.wanted, at place: String
    ) -> Failure {
        Failure(what, expected: expected, got: name, at: place, remedy: remedy)
    }
}
