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

    package var line: String {
        var line = what
        let facts = [expected.map { "expected \($0)" }, got.map { "got \($0)" }].compactMap { $0 }
        if !facts.isEmpty { line += ": " + facts.joined(separator: ", ") }
        if let place { line += " (\(place))" }
        if let remedy { line += "; \(remedy)" }
        return line
    }
}

extension Failure: CustomStringConvertible {
    package var description: String { line }
}
