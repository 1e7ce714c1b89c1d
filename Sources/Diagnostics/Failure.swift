/// An error of the world (a file, MPI, HDF5, a recipe), told so that the reader can act on it.
///
/// `line` renders it as the one line that the program prints:
/// `what: expected E, got G (where); what to do`.
package struct Failure: Error, Equatable, Sendable {
    /// Decides the exit code of the program.
    package enum Kind: Sendable {
        /// Wrong usage or a wrong recipe: exit code 64.
        case usage
        /// Everything else: exit code 1.
        case failure
    }

    package var kind: Kind
    /// What failed, in the words of the user ("cannot read the token shard").
    package var what: String
    package var expected: String?
    package var got: String?
    /// The file, key, dataset or call at which it failed.
    package var place: String?
    /// What the reader can do about it, as an imperative.
    package var remedy: String?

    package init(
        _ what: String, expected: String? = nil, got: String? = nil, at place: String? = nil,
        remedy: String? = nil, kind: Kind = .failure
    ) {
        self.kind = kind
        self.what = what
        self.expected = expected
        self.got = got
        self.place = place
        self.remedy = remedy
    }

    package var exitCode: Int32 {
        switch kind {
        case .usage: 64
        case .failure: 1
        }
    }

    /// Parts that hostile files blew up are cut; control characters, of which some command a
    /// terminal, are replaced, line breaks excepted.
    package var line: String {
        var line = Self.printable(what)
        let facts = [
            expected.map { "expected \(Self.printable($0))" },
            got.map { "got \(Self.printable($0))" },
        ].compactMap { $0 }
        if !facts.isEmpty { line += ": " + facts.joined(separator: ", ") }
        if let place { line += " (\(Self.printable(place)))" }
        if let remedy { line += "; \(Self.printable(remedy))" }
        return line
    }

    /// UTF-8 bytes of one part: room for all the tensors of a small model.
    private static let maximumSize = 1 << 13

    private static func printable(_ part: String) -> String {
        var text = ""
        for scalar in part.unicodeScalars {
            guard text.utf8.count < maximumSize else { return text + " ..." }
            let isControl = scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value)
            text.unicodeScalars.append(isControl && scalar != "\n" ? "\u{FFFD}" : scalar)
        }
        return text
    }
}

extension Failure: CustomStringConvertible {
    package var description: String { line }
}
