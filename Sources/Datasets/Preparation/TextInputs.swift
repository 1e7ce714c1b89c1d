import Diagnostics
import Files

/// The text files that a command is given, each looked at before any work begins.
package struct TextInputs: Equatable, Sendable {
    package let texts: [SourceText]
    /// Warnings of files that are no clean text.
    package let warnings: [String]

    package var paths: [String] { texts.map(\.path) }

    /// Bytes of a text, of all its files, that is held in memory, so that it is read but once.
    package static let heldSize = PreparationPlan.defaultBlockSize

    /// Looks at all files in one process.
    ///
    /// - Throws: `Failure` for a directory without files, a file that is no text in UTF-8, and where no
    ///   file holds more than white space.
    package init(_ given: [String]) throws {
        let texts = try Self.held(
            DirectoryEntries.files(in: given).map { try SourceText(path: $0) })
        try self.init(texts, looks: texts.map { try TextLook(at: $0) })
    }

    /// - Parameter looks: what some process has seen of each file.
    package init(_ texts: [SourceText], looks: [TextLook]) throws {
        self.texts = texts
        let blank = zip(texts, looks).filter { $1.isBlank }.map(\.0.path)
        guard blank.count < texts.count else {
            throw Failure(
                "there is no text", expected: "at least one word",
                got: texts.count == 1 ? "an empty file" : "\(texts.count) empty files",
                at: Self.list(texts.map(\.path)), remedy: "name files that hold text")
        }
        var told = looks.compactMap(\.warning)
        if !blank.isEmpty { told.append("there is no text in \(Self.list(blank))") }
        let more = told.count - Self.shownCount
        warnings =
            told.prefix(Self.shownCount) + (more > 0 ? ["the like of \(more) more files"] : [])
    }

    /// The texts with their bytes, where there are few.
    private static func held(_ texts: [SourceText]) throws -> [SourceText] {
        guard texts.reduce(0, { $0 + $1.size }) <= heldSize else { return texts }
        return try texts.map {
            SourceText(path: $0.path, size: $0.size, held: try $0.bytes(0..<$0.size))
        }
    }

    private static let shownCount = 5

    /// The first of these paths, and the number of the others.
    static func list(_ paths: [String]) -> String {
        let shown = paths.prefix(shownCount).joined(separator: ", ")
        return paths.count > shownCount ? "\(shown) and \(paths.count - shownCount) more" : shown
    }
}

/// What a look at a file of text shows.
package struct TextLook: Equatable, Sendable {
    /// Whether there is nothing but white space in it.
    let isBlank: Bool
    /// A warning where it is no clean text; nil where it is.
    let warning: String?

    /// Looks at a sample of the text, of a small part of it where it is not held in memory.
    ///
    /// - Throws: a `Failure` for a file that is no text in UTF-8.
    package init(at text: SourceText) throws {
        let sample = try TextSample(size: text.size, isThrifty: !text.isHeld) {
            (offset, count) throws(Failure) in
            try text.bytes(offset..<offset + count)
        }
        if let failure = sample.refusal("the file is no text", at: text.path) { throw failure }
        isBlank = sample.isBlank
        warning = sample.warning(at: text.path)
    }

    /// Looks as bytes for other processes.
    package static func encoded(_ looks: [TextLook]) -> [UInt8] {
        looks.flatMap { look in
            [look.isBlank ? 1 : 2] + (look.warning ?? "").utf8.filter { $0 != 0 } + [0]
        }
    }

    /// Reads what `encoded` wrote.
    package static func decoded(_ bytes: [UInt8]) -> [TextLook] {
        bytes.split(separator: 0).map { look in
            TextLook(
                isBlank: look.first == 1,
                warning: look.count > 1
                    ? String(decoding: look.dropFirst(), as: UTF8.self) : nil)
        }
    }

    private init(isBlank: Bool, warning: String?) {
        self.isBlank = isBlank
        self.warning = warning
    }
}
